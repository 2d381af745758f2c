import type { SigningKey } from '@sallyport/credentials'
import type { Gateway } from '@sallyport/gateway'
import { CommandFailure } from '../command-line/command.ts'
import { gatewayKey } from '../home/gateway-client.ts'
import { localCertificate } from '../local-ca/certificate.ts'
import { nowMs } from './clock.ts'
import { type DecisionFile, openDecisionFile, withDoorOne } from './decision-file.ts'
import { masterKeyOf } from './master-key.ts'
import type { Started } from './started.ts'
import { tracerOf } from './tracing.ts'

/** Starts the gateway. @returns its public addresses */
export async function startGateway(
  started: Started,
  clientKey: SigningKey,
  decisions: DecisionFile,
): Promise<Readonly<Record<string, string>>> {
  const { options, addresses, shortLived, tracing, atEnd } = started
  const { home, ports, settings, log } = options
  const tls = localCertificate(home.tls, nowMs())
  // Awaited below; until then a failure must not count as unhandled.
  tls.catch(() => undefined)
  const { composeGateway } = await import('./gateway.ts')
  const certificate = await tls
  const gateway = configured(() =>
    composeGateway({
      addresses,
      ports,
      settings,
      clientKey,
      tls: certificate,
      shortLived,
      nonceSecret: settings.gateway.dpopNonces ? nonceSecret(started) : undefined,
      log: withDoorOne(log, 'gateway', decisions),
      ...tracerOf(tracing, 'gateway', addresses.gateway),
    }),
  )
  atEnd(() => gateway.close())
  await gateway.listen()
  return { gateway: addresses.gateway, 'gateway-tls': addresses.gatewayTls }
}

/** The gateway without a demo: for the operator's own services, where any are configured. */
export async function startOwnGateway(started: Started): Promise<Readonly<Record<string, string>>> {
  const { options, authority, atEnd } = started
  const { home, settings, parts } = options
  if (!parts.has('gateway') || settings.gateway.routes.length === 0) return {}
  const clientKey = await gatewayKey(home, settings.gateway.clientKey, authority?.context)
  const decisions = openDecisionFile(home.decisions)
  atEnd(() => decisions.close())
  return startGateway(started, clientKey, decisions)
}

/** What the gateway says of a route or a proxy that is no such is a mistake in the configuration. */
function configured(compose: () => Gateway): Gateway {
  try {
    return compose()
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('gateway: ')) throw error
    throw new CommandFailure({
      failed: 'config',
      code: 'gateway_configuration',
      message: `The gateway cannot be set up: ${error.message.slice('gateway: '.length)}.`,
      hint: 'docs/reference/configuration.md lists every key.',
    })
  }
}

function nonceSecret({ options, data }: Started): Uint8Array {
  const masterKey = data?.masterKey ?? masterKeyOf(options.home, options.settings)
  return masterKey.subkey('gateway-dpop-nonce')
}
