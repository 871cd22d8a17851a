// The shop page of the browser test: @segment/analytics-next as a shop would bundle it.
import { AnalyticsBrowser } from '@segment/analytics-next'

window.play = async ({ apiHost, writeKey, strategy, steps }) => {
  const segment = { apiKey: writeKey, apiHost, protocol: 'http' }
  if (strategy === 'batching') {
    segment.deliveryStrategy = { strategy: 'batching', config: { size: 10, timeout: 500 } }
  }
  const analytics = AnalyticsBrowser.load(
    { writeKey, cdnSettings: { integrations: { 'Segment.io': segment } } },
    { integrations: { 'Segment.io': segment } },
  )
  await analytics.ready()
  for (const step of steps) {
    if (step.anonymousId) (await analytics.instance).setAnonymousId(step.anonymousId)
    switch (step.call) {
      case 'identify':
        analytics.identify(step.userId, step.traits)
        break
      case 'track':
        analytics.track(step.event, step.properties)
        break
      case 'page':
        analytics.page(step.name, step.properties)
        break
      case 'alias':
        analytics.alias(step.userId, step.previousId)
        break
      default:
        throw new Error(`unknown call: ${step.call}`)
    }
  }
}
