import type { EncodedWrite } from '../record-codec.ts'
import type { FieldReader } from './packing.ts'

/** Writes as fields of a packed group. */
export function packWrites(writes: readonly EncodedWrite[]): string[] {
  return [String(writes.length), ...writes.flatMap(packWrite)]
}

export function readWrites(fields: FieldReader): readonly EncodedWrite[] {
  return Array.from({ length: fields.integer() }, () => readWrite(fields))
}

function packWrite(write: EncodedWrite): string[] {
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
      const index = Array.from({ length: fields.integer() }, () => [fields.text(), fields.text()] as const)
      return { how, kind, key, value, expiresAt, version, index }
    }
    default:
      throw new RangeError(`unknown write ${how}`)
  }
}
