/** DESIGN §5: two customers and one of support. */
export const demoUsers = [
  { username: 'alice', name: 'Alice Abara', email: 'alice@shop.example', roles: ['customer'] },
  { username: 'bob', name: 'Bob Berg', email: 'bob@shop.example', roles: ['customer'] },
  { username: 'carol', name: 'Carol Chen', email: 'carol@shop.example', roles: ['support'] },
] as const
