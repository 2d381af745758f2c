interface Stored {
  consumed?: number
  grantId?: string
  /** Of a device code. */
  userCode?: string
  /** Of a session. */
  uid?: string
}

const records = new Map<string, Stored>()

/** A store of oidc-provider without its own one's limit of 1,000 records, which a load of codes would overrun. */
export class MapAdapter {
  readonly #model: string

  constructor(model: string) {
    this.#model = model
  }

  async upsert(id: string, payload: Stored): Promise<void> {
    records.set(this.#key(id), payload)
  }

  async find(id: string): Promise<Stored | undefined> {
    return records.get(this.#key(id))
  }

  async findByUserCode(userCode: string): Promise<Stored | undefined> {
    return this.#first(stored => stored.userCode === userCode)
  }

  async findByUid(uid: string): Promise<Stored | undefined> {
    return this.#first(stored => stored.uid === uid)
  }

  async consume(id: string): Promise<void> {
    const found = records.get(this.#key(id))
    if (found !== undefined) found.consumed = Math.floor(Date.now() / 1000)
  }

  async destroy(id: string): Promise<void> {
    records.delete(this.#key(id))
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    for (const [key, { grantId: of }] of records) if (of === grantId) records.delete(key)
  }

  #first(fits: (stored: Stored) => boolean): Stored | undefined {
    for (const [key, stored] of records) if (key.startsWith(this.#key('')) && fits(stored)) return stored
    return undefined
  }

  #key(id: string): string {
    return `${this.#model}:${id}`
  }
}
