import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse, parseAllDocuments } from 'yaml'
import { loadConfiguration } from '../../packages/sallyport/src/configuration/load.ts'

const folder = join(import.meta.dirname, '../../deploy/kubernetes')
const files = globSync('*.yaml', { cwd: folder }).filter(name => name !== 'kustomization.yaml')

test('every manifest is what Kubernetes’ own types take, and every pod one that its admission lets into a restricted namespace', t => {
  const built = mkdtempSync(join(tmpdir(), 'sallyport-manifests-'))
  t.after(() => rmSync(built, { recursive: true, force: true }))
  const program = join(built, 'manifests')
  execFileSync('go', ['build', '-o', program, '.'], { cwd: join(import.meta.dirname, 'manifests'), stdio: 'inherit' })
  const said = spawnSync(program, files, { cwd: folder, encoding: 'utf8' })
  assert.equal(said.status, 0, said.stdout + said.stderr)
  assert.equal(said.stdout.trim().split('\n').length, objects().length)
  const lax = join(built, 'lax.yaml')
  writeFileSync(lax, readFileSync(join(folder, 'bff.yaml'), 'utf8').replace('drop: ["ALL"]', 'drop: ["NET_RAW"]'))
  const refused = spawnSync(program, [lax], { encoding: 'utf8' })
  assert.equal(refused.status, 1)
  assert.match(refused.stdout, /Deployment bff: not restricted: unrestricted capabilities/)
})

test('the kustomization names every manifest', () => {
  const { resources } = parse(readFileSync(join(folder, 'kustomization.yaml'), 'utf8'))
  assert.deepEqual([...resources].sort(), [...files].sort())
})

test('no part runs as root, writes to its image, or keeps a capability; each is probed and may not vanish whole', () => {
  const deployments = objects().filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet')
  assert.deepEqual(deployments.map(({ metadata }) => metadata.name).sort(), ['authority', 'bff', 'gateway'])
  for (const { kind, metadata, spec } of deployments) {
    const { spec: pod } = spec.template
    const [container] = pod.containers
    assert.equal(pod.securityContext.runAsNonRoot, true, metadata.name)
    assert.equal(pod.securityContext.seccompProfile.type, 'RuntimeDefault')
    assert.equal(pod.automountServiceAccountToken, false)
    assert.equal(container.securityContext.readOnlyRootFilesystem, true)
    assert.equal(container.securityContext.allowPrivilegeEscalation, false)
    assert.deepEqual(container.securityContext.capabilities, { drop: ['ALL'] })
    assert.equal(container.readinessProbe.httpGet.path, '/readyz')
    assert.equal(container.livenessProbe.httpGet.path, '/livez')
    const budget = objects().find(each => each.kind === 'PodDisruptionBudget' && each.metadata.name === metadata.name)
    assert.ok(budget !== undefined && budget.spec.minAvailable < spec.replicas, metadata.name)
    // One that keeps its name is replaced one at a time.
    if (kind === 'Deployment') assert.equal(spec.strategy.rollingUpdate.maxUnavailable, 0)
  }
})

test('what is not named is not spoken to: everything is denied first, in and out', () => {
  const policies = objects().filter(({ kind }) => kind === 'NetworkPolicy')
  const denied = policies.find(({ metadata }) => metadata.name === 'deny-all')
  assert.deepEqual(denied?.spec, { podSelector: {}, policyTypes: ['Ingress', 'Egress'] })
})

test('the configuration in the manifests is one that Sallyport takes', t => {
  const map = objects().find(({ kind }) => kind === 'ConfigMap')
  const home = mkdtempSync(join(tmpdir(), 'sallyport-configuration-'))
  t.after(() => rmSync(home, { recursive: true, force: true }))
  const file = join(home, 'sallyport.yaml')
  writeFileSync(file, map?.data['sallyport.yaml'] ?? '')
  const loaded = loadConfiguration(file, {
    SALLYPORT_POSTGRES_URL: 'postgres://sallyport@db.example/sallyport',
    SALLYPORT_REDIS_URL: 'rediss://redis.example',
    SALLYPORT_MASTER_KEY: 'k'.repeat(44),
  })
  assert.ok('values' in loaded, JSON.stringify(loaded))
  assert.equal(loaded.values.authority.issuer, 'https://auth.example')
})

/** The members that are looked at here; that the others are right is the first test's matter. */
interface Manifest {
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly data: Readonly<Record<string, string>>
  readonly spec: {
    readonly replicas: number
    readonly minAvailable: number
    readonly strategy: { readonly rollingUpdate: { readonly maxUnavailable: number } }
    readonly template: { readonly spec: Pod }
  }
}

interface Pod {
  readonly automountServiceAccountToken: boolean
  readonly securityContext: { readonly runAsNonRoot: boolean; readonly seccompProfile: { readonly type: string } }
  readonly containers: readonly [
    {
      readonly securityContext: Readonly<Record<string, unknown>>
      readonly readinessProbe: Probe
      readonly livenessProbe: Probe
    },
  ]
}

interface Probe {
  readonly httpGet: { readonly path: string }
}

function objects(): readonly Manifest[] {
  return files.flatMap(name =>
    parseAllDocuments(readFileSync(join(folder, name), 'utf8')).map((document): Manifest => document.toJS()),
  )
}
