// Plays a story with @segment/analytics-node, unmodified.
// Usage: node segment_node.mjs '{"host": "...", "writeKey": "...", "steps": [...]}'
import { Analytics } from '@segment/analytics-node'

const { host, writeKey, steps } = JSON.parse(process.argv[2])
const failures = []
// A long interval: what goes out, and in how many requests, is decided by `flushAt` and by the final flush.
const analytics = new Analytics({ host, writeKey, flushAt: 15, flushInterval: 60_000, maxRetries: 3 })
analytics.on('error', (error) => failures.push(error))

for (const step of steps) {
  const who = { userId: step.userId, anonymousId: step.anonymousId }
  switch (step.call) {
    case 'identify':
      analytics.identify({ ...who, traits: step.traits })
      break
    case 'track':
      analytics.track({ ...who, event: step.event, properties: step.properties })
      break
    case 'page':
      analytics.page({ ...who, name: step.name, properties: step.properties })
      break
    case 'alias':
      analytics.alias({ userId: step.userId, previousId: step.previousId })
      break
    default:
      throw new Error(`unknown call: ${step.call}`)
  }
}
await analytics.closeAndFlush({ timeout: 30_000 })
if (failures.length > 0) {
  console.error(failures)
  process.exit(1)
}
