import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What a manifest says of a container, so far as it is no matter of the cluster. */
export interface Container {
  readonly image: string
  readonly args: readonly string[]
  readonly env: readonly { readonly name: string; readonly value?: string }[]
  readonly resources: { readonly limits: { readonly memory: string } }
  readonly securityContext: {
    readonly allowPrivilegeEscalation: boolean
    readonly readOnlyRootFilesystem: boolean
    readonly capabilities: { readonly drop: readonly string[] }
  }
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[]
}

export interface PodSpec {
  readonly securityContext: { readonly runAsUser: number; readonly runAsGroup: number; readonly fsGroup: number }
  readonly terminationGracePeriodSeconds: number
  readonly containers: readonly [Container]
  readonly volumes: readonly {
    readonly name: string
    readonly emptyDir?: object
    readonly configMap?: { readonly name: string }
    readonly secret?: { readonly secretName: string; readonly defaultMode: number }
  }[]
}

/** Contents of config maps and secrets, by the object's name. */
export type Contents = Readonly<Record<string, Readonly<Record<string, string>>>>

export interface Pod {
  readonly name: string
  /** Where the pod's volumes are made, as a kubelet makes them. */
  readonly folder: string
  readonly contents: Contents
  /** More words of `podman run`. */
  readonly options: readonly string[]
  /** More of the container's arguments. */
  readonly args: readonly string[]
}

/**
 * A manifest's container in the words of `podman run`: user, rights, limits, variables, volumes and arguments are the
 * manifest's; seccomp's profile is the engine's own (`RuntimeDefault`).
 */
export function podWords(spec: PodSpec, pod: Pod): readonly string[] {
  const { securityContext: user, containers, volumes } = spec
  const [{ image, args, env, resources, securityContext: rights, volumeMounts }] = containers
  const named = (text: string) => text.replace('$(POD_NAME)', pod.name)
  const places = new Map(volumes.map(volume => [volume.name, makeVolume(volume, user.fsGroup, pod)]))
  return [
    ...['--name', pod.name, '--user', `${user.runAsUser}:${user.runAsGroup}`, '--group-add', `${user.fsGroup}`],
    ...(rights.readOnlyRootFilesystem ? ['--read-only', '--read-only-tmpfs=false'] : []),
    ...(rights.allowPrivilegeEscalation ? [] : ['--security-opt', 'no-new-privileges']),
    ...rights.capabilities.drop.flatMap(name => ['--cap-drop', name]),
    ...['--stop-timeout', `${spec.terminationGracePeriodSeconds}`],
    ...['--memory', resources.limits.memory.replace('Mi', 'm')],
    ...env.flatMap(({ name, value }) => ['--env', `${name}=${value ?? pod.name}`]),
    ...volumeMounts.flatMap(({ name, mountPath, readOnly }) => [
      '--volume',
      `${places.get(name)}:${mountPath}${readOnly ? ':ro' : ''}`,
    ]),
    ...pod.options,
    image,
    ...args.map(named),
    ...pod.args,
  ]
}

/** Root's, open to all, and of the pod's group, which its files inherit; a file may be read by the group. */
function makeVolume(
  { name, configMap, secret }: PodSpec['volumes'][number],
  group: number,
  { name: pod, folder, contents }: Pod,
): string {
  const place = join(folder, pod, name)
  mkdirSync(place, { recursive: true })
  chownSync(place, 0, group)
  chmodSync(place, 0o2777)
  for (const [file, text] of Object.entries(contents[configMap?.name ?? secret?.secretName ?? ''] ?? {})) {
    const path = join(place, file)
    writeFileSync(path, text)
    chownSync(path, 0, group)
    chmodSync(path, secret?.defaultMode ?? 0o644)
  }
  return place
}
