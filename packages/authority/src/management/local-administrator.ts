/** The client of whoever holds the data folder. It alone hands out management scopes, and it cannot be removed. */
export const localAdministrator = 'cli'
