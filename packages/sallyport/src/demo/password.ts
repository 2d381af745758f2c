import { randomInt } from 'node:crypto'

// No letters that look like digits or like each other, so that a password can be read off a screen.
const letters = 'abcdefghjkmnpqrstuvwxyz23456789'
const groups = 4
const groupLength = 5

/** A password that can be typed: four groups of five, 99 bits. */
export function randomPassword(): string {
  const group = (): string =>
    Array.from({ length: groupLength }, () => letters.charAt(randomInt(letters.length))).join('')
  return Array.from({ length: groups }, group).join('-')
}
