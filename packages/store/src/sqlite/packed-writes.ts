import type { EncodedWrite } from '../record-codec.ts'
import type { FieldReader } from './packing.ts'

/** Writes as packed fields of an operation: how many, then each. */
export function packWrites(writes: readonly EncodedWrite[]): string {
  let packed = String(writes.length)
  for (const write of writes) packed += `\0${packWrite(write)}`
  return packed
}

export function readWrites(fields: FieldReader): readonly EncodedWrite[] {
  const writes: EncodedWrite[] = []
  for (let left = fields.integer(); left > 0; left -= 1) writes.push(readWrite(fields))
  return writes
}

function packWrite(write: EncodedWrite): string {
  switch (write.how) {
    case 'remove':
      return `${write.how}\0${write.kind}\0${write.key}`
    case 'append':
      return `${write.how}\0${write.stream}\0${write.value}\0${write.expiresAt}`
    default: {
      const { how, kind, key, value, expiresAt = '', version = '', index } = write
      let packed = `${how}\0${kind}\0${key}\0${value}\0${expiresAt}\0${version}\0${index.length}`
      for (const [name, of] of index) packed += `\0${name}\0${of}`
      return packed
    }
  }
}

function readWrite(fields: FieldReader): EncodedWrite {
  const how = fields.text()
  switch (how) {
    case 'remove':
      return { how, kind: fields.text(), key: fields.text() }
    case 'append':
      return { how, stream: fields.text(), value: fields.text(), expiresAt: fields.integer() }
    case 'put':
    case 'insert':
    case 'replace': {
      const [kind, key, value] = [fields.text(), fields.text(), fields.text()]
      const [expiresAt, version] = [fields.optionalInteger(), fields.optionalInteger()]
      const index: [name: string, value: string][] = []
      for (let left = fields.integer(); left > 0; left -= 1) index.push([fields.text(), fields.text()])
      return { how, kind, key, value, expiresAt, version, index }
    }
    default:
      throw new RangeError(`unknown write ${how}`)
  }
}
