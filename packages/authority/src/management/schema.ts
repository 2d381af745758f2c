/**
 * The part of JSON Schema 2020-12 that the management API is described in. The same value is published in the OpenAPI
 * document and judges each body: there is nothing to fall apart.
 */
export type Schema = StringSchema | IntegerSchema | BooleanSchema | ArraySchema | ObjectSchema | MapSchema

/** What a request body is: an object whose members are all known. */
export type ObjectBody = ObjectSchema

interface Described {
  readonly description?: string
  readonly default?: unknown
}

interface StringSchema extends Described {
  readonly type: 'string'
  readonly enum?: readonly string[]
  readonly minLength?: number
  readonly maxLength?: number
  /** Anchored by its own `^` and `$`. */
  readonly pattern?: string
  /** Says what `pattern` means, for messages. */
  readonly title?: string
}

interface IntegerSchema extends Described {
  readonly type: 'integer'
  readonly minimum: number
  readonly maximum: number
}

interface BooleanSchema extends Described {
  readonly type: 'boolean'
}

interface ArraySchema extends Described {
  readonly type: 'array'
  readonly items: Schema
  readonly minItems?: number
  readonly maxItems: number
  readonly uniqueItems?: true
}

interface ObjectSchema extends Described {
  readonly type: 'object'
  readonly properties: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties: false
}

/** An object whose members are someone else's to judge, such as a JWK. */
interface MapSchema extends Described {
  readonly type: 'object'
  readonly additionalProperties: true
}

/** The TypeScript type of what a schema accepts. */
export type ValueOf<S> = S extends { readonly enum: readonly (infer E)[] }
  ? E
  : S extends { readonly type: 'string' }
    ? string
    : S extends { readonly type: 'integer' }
      ? number
      : S extends { readonly type: 'boolean' }
        ? boolean
        : S extends { readonly type: 'array'; readonly items: infer I }
          ? readonly ValueOf<I>[]
          : S extends { readonly type: 'object'; readonly properties: infer P }
            ? MembersOf<P, S extends { readonly required: readonly (infer R)[] } ? R : never>
            : Readonly<Record<string, unknown>>

type MembersOf<P, R> = {
  readonly [K in keyof P as K extends R ? K : never]: ValueOf<P[K]>
} & { readonly [K in keyof P as K extends R ? never : K]?: ValueOf<P[K]> }
