// Opens the built site in headless Chromium as a reader would: follows links,
// searches, switches to dark, reads on a narrow screen. Run by doc/site/test.sh.

import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import path from 'node:path'

const [site, modules, pictures] = process.argv.slice(2).map((p) => p && path.resolve(p))
const { chromium } =
  createRequire(path.join(modules, '/'))('playwright-core')

const types = { '.html': 'text/html', '.js': 'text/javascript',
  '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' }
const server = createServer(async (request, response) => {
  let file = decodeURIComponent(new URL(request.url, 'http://x').pathname)
  if (file.endsWith('/')) file += 'index.html'
  try {
    const body = await readFile(path.join(site, path.normalize(file)))
    response.setHeader('Content-Type',
      types[path.extname(file)] ?? 'application/octet-stream')
    response.end(body)
  } catch {
    response.statusCode = 404
    response.end()
  }
})
await new Promise((r) => server.listen(0, '127.0.0.1', r))
const base = `http://127.0.0.1:${server.address().port}`

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic',
    '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
})

let passed = 0
let failed = 0
const problems = [] // what the pages of the running test complained of

function expect(condition, what) {
  if (!condition) throw new Error(what)
}

async function open(width, scheme = 'light') {
  const context = await browser.newContext(
    { viewport: { width, height: 900 }, colorScheme: scheme })
  context.setDefaultTimeout(15000)
  const page = await context.newPage()
  page.on('console', (m) => m.type() === 'error' && problems.push(m.text()))
  page.on('pageerror', (e) => problems.push(String(e)))
  page.on('response', (r) =>
    r.status() >= 400 && problems.push(`${r.status()}: ${r.url()}`))
  page.on('request', (r) => r.url().startsWith(base)
    || r.url().startsWith('data:') || problems.push(`goes out: ${r.url()}`))
  return page
}

async function test(name, width, body, scheme) {
  problems.length = 0
  const page = await open(width, scheme)
  try {
    await body(page)
    expect(problems.length === 0, problems.join('\n'))
    ++passed
    console.log(`ok: ${name}`)
  } catch (e) {
    ++failed
    console.log(`FAILED: ${name}\n  ${e.message}`)
  } finally {
    if (pictures)
      await page.screenshot(
        { path: path.join(pictures, `${name.replaceAll(/\W+/g, '-')}.png`) })
    await page.context().close()
  }
}

async function search(page, text) {
  await page.goto(base)
  await page.locator('.VPNavBarSearch button').first().click()
  await page.locator('#localsearch-input').fill(text)
  await page.locator('.results .result').first().waitFor()
  return page.locator('.results .result')
}

const title = (page) => page.locator('main h1').first().innerText()

await test('the first page leads to the guide', 1280, async (page) => {
  await page.goto(base)
  await page.getByRole('link', { name: 'Get started' }).click()
  await page.waitForURL('**/guide/getting-started.html')
  expect((await title(page)).includes('Getting started'), 'another page')
})

await test('a name is found in the reference', 1280, async (page) => {
  const results = await search(page, 'with_idle_timeout')
  const first = await results.first().getAttribute('href')
  expect(first.includes('/reference/api/deadline'), `found first: ${first}`)
  await results.first().click()
  await page.waitForURL('**/reference/api/deadline.html*')
})

await test('words are found in the guide', 1280, async (page) => {
  const results = await search(page, 'graceful shutdown')
  const found = await results.evaluateAll(
    (all) => all.map((a) => a.getAttribute('href')))
  expect(found.some((a) => a.includes('/guide/graceful-shutdown')),
    `found: ${found.join(' ')}`)
})

await test('what is not there is not found', 1280, async (page) => {
  await page.goto(base)
  await page.locator('.VPNavBarSearch button').first().click()
  await page.locator('#localsearch-input').fill('xyzzyplugh')
  await page.locator('.no-results').waitFor()
})

await test('every page of every side bar opens', 1280, async (page) => {
  const seen = new Set()
  for (const part of ['/guide/getting-started.html', '/reference/index.html',
    '/design/overview.html', '/examples/index.html', '/performance.html']) {
    await page.goto(base + part)
    const links = await page.locator('aside.VPSidebar a, .VPNavBarMenu a')
      .evaluateAll((all) => all.map((a) => a.href))
    for (const link of links) seen.add(link)
  }
  expect(seen.size > 60, `there are ${seen.size} pages only`)
  for (const link of seen) {
    await page.goto(link)
    expect((await title(page)).length > 0, `${link} has no title`)
  }
})

await test('links within the pages are followed without a load', 1280,
  async (page) => {
    await page.goto(`${base}/guide/getting-started.html`)
    await page.evaluate(() => { window.stayed = true })
    await page.locator('main').getByRole('link', { name: 'task groups' })
      .first().click()
    await page.waitForURL('**/guide/task-groups.html*')
    expect(await page.evaluate(() => window.stayed), 'the page was loaded')
  })

await test('it can be switched to dark', 1280, async (page) => {
  await page.goto(`${base}/guide/graceful-shutdown.html`)
  const colors = () => page.evaluate(() => [
    getComputedStyle(document.body).backgroundColor,
    getComputedStyle(document.querySelector('.picture text')).fill])
  const [page1, picture1] = await colors()
  await page.locator('.VPNavBarAppearance button').click()
  await page.waitForTimeout(600)
  const [page2, picture2] = await colors()
  expect(page1 !== page2, 'the page stays as it is')
  expect(picture1 !== picture2, 'the picture stays as it is')
})

for (const scheme of ['light', 'dark'])
  await test(`it fits a narrow screen, ${scheme}`, 400, async (page) => {
    for (const where of ['/', '/guide/why-not.html', '/performance.html',
      '/guide/graceful-shutdown.html', '/reference/api/task_group.html',
      '/reference/operations.html']) {
      await page.goto(base + where)
      const over = await page.evaluate(() =>
        document.documentElement.scrollWidth - window.innerWidth)
      expect(over <= 0, `${where} is wider by ${over}`)
    }
  }, scheme)

await browser.close()
server.close()
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed ? 1 : 0)
