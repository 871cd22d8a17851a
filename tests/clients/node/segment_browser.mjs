// Plays a story with @segment/analytics-next in a real Chromium, and waits until every message was answered.
// Usage: node segment_browser.mjs '{"host": "...", "writeKey": "...", "strategy": "standard|batching", "steps": [...]}'
import { createServer } from 'node:http'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { chromium } from 'playwright-core'

const DEADLINE_MS = 60_000
const here = dirname(fileURLToPath(import.meta.url))
const { host, writeKey, strategy, steps } = JSON.parse(process.argv[2])

const bundle = await build({
  entryPoints: [join(here, 'page.js')],
  bundle: true,
  write: false,
  format: 'iife',
  platform: 'browser',
  logLevel: 'error',
})
const script = bundle.outputFiles[0].text
const shop = createServer((request, response) => {
  if (request.url === '/shop.js') {
    response.writeHead(200, { 'content-type': 'text/javascript; charset=utf-8' }).end(script)
  } else {
    const html = '<!doctype html><meta charset="utf-8"><title>Áo dài Hạnh</title><script src="/shop.js"></script>'
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(html)
  }
})
await new Promise((resolve) => shop.listen(0, '127.0.0.1', resolve))

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
})
try {
  const page = await browser.newPage()
  const delivered = new Set()
  const problems = []
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
  const everything = new Promise((resolve, reject) => {
    const late = setTimeout(
      () => reject(new Error(`${delivered.size} of ${steps.length} delivered; ${problems.join('; ')}`)),
      DEADLINE_MS,
    )
    page.on('response', (response) => {
      const request = response.request()
      if (request.method() !== 'POST' || !request.url().startsWith(host) || !response.ok()) return
      const body = JSON.parse(request.postData() ?? '{}')
      for (const message of body.batch ?? [body]) {
        if (message.messageId) delivered.add(message.messageId)
      }
      if (delivered.size >= steps.length) {
        clearTimeout(late)
        resolve()
      }
    })
  })
  await page.goto(`http://127.0.0.1:${shop.address().port}/`)
  const apiHost = `${host.replace(/^http:\/\//, '')}/v1`
  await page.evaluate((story) => window.play(story), { apiHost, writeKey, strategy, steps })
  await everything
} finally {
  await browser.close()
  shop.closeAllConnections()
  shop.close()
}
