/** Somebody's note. The guard compares `owner` with the caller's subject. */
export interface Note {
  readonly id: string
  readonly owner: string
  readonly text: string
}

const notes: readonly Note[] = [
  { id: '1', owner: process.env.NOTE_OWNER ?? 'user_nobody', text: 'Buy rope' },
  { id: '2', owner: 'user_somebody_else', text: 'None of your business' },
]

export const find = (id: string | undefined): Note | undefined => notes.find(note => note.id === id)

export const of = (caller: { readonly subject: string }): readonly Note[] =>
  notes.filter(note => note.owner === caller.subject)
