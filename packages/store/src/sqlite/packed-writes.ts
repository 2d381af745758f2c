import type { FieldReader } from './packing.ts'

/** A write as the writer thread sees it: names spelled, values rendered and sealed. */
export type PackedWrite =
  | {
      readonly how: 'put' | 'insert' | 'replace'
      readonly kind: string
      readonly key: string
      readonly value: string
      readonly expiresAt: number | undefined
      /** The version that `replace` wants to find. */
      readonly version: number | undefined
      readonly index: readonly (readonly [name: string, value: string])[]
    }
  | { readonly how: 'remove'; readonly kind: string; readonly key: string }
  | { readonly how: 'append'; readonly stream: string; readonly value: string; readonly expiresAt: number }

export function packWrites(writes: readonly PackedWrite[]): string[] {
  return [String(writes.length), ...writes.flatMap(packWrite)]
}

export function readWrites(fields: FieldReader): readonly PackedWrite[] {
  return Array.from({ length: fields.integer() }, () => readWrite(fields))
}

function packWrite(write: PackedWrite): string[] {
  switch (write.how) {
    case 'remove':
      return [write.how, write.kind, write.key]
    case 'append':
      return [write.how, write.stream, write.value, String(write.expiresAt)]
    default: {
      const { how, kind, key, value, index } = write
      const numbers = [String(write.expiresAt ?? ''), String(write.version ?? ''), String(index.length)]
      return [how, kind, key, value, ...numbers, ...index.flat()]
    }
  }
}

function readWrite(fields: FieldReader): PackedWrite {
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
      const index = Array.from({ length: fields.integer() }, () => [fields.text(), fields.text()] as const)
      return { how, kind, key, value, expiresAt, version, index }
    }
    default:
      throw new RangeError(`unknown write ${how}`)
  }
}
