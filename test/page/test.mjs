// Opens the gateway's page of contexts in headless Chromium, as somebody would who looks
// for what holds up his server. Run by test/page/test.sh, which says how.

import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { answer, chain, connections, context, different, ended, event, hostile, hostileText,
  operation, shutdown } from './samples.mjs'

const top = path.join(path.dirname(fileURLToPath(import.meta.url)), '../..')
const file = path.join(top, 'examples/server/contexts.html')
const option = (name) => {
  const at = process.argv.indexOf(name)
  return at < 0 ? undefined : process.argv[at + 1] ?? true
}
const original = await readFile(file, 'utf8')

// The page with the hashes of its style and script in its policy.
function seal(html) {
  for (const what of ['style', 'script']) {
    const text = new RegExp(`<${what}>([^]*?)</${what}>`).exec(html)[1]
    const hash = createHash('sha256').update(text).digest('base64')
    html = html.replace(new RegExp(`${what}-src 'sha256-[^']*'`),
      () => `${what}-src 'sha256-${hash}'`)
  }
  return html
}
if (process.argv.includes('--seal')) {
  await writeFile(file, seal(original))
  process.exit(0)
}

const modules = createRequire(path.join(top, 'build/site-work/'))
const { chromium } = modules('playwright-core')
const Ajv = modules('ajv/dist/2020').default
const schema = await readFile(path.join(top, 'doc/reference/contexts.schema.json'), 'utf8')
const compile = (text) => new Ajv({ allErrors: true, strict: true, allowUnionTypes: true })
  .compile(JSON.parse(text))
let validate = compile(schema)
const wrong = (json) => validate(json) ? ''
  : validate.errors.slice(0, 5).map((e) => `${e.instancePath} ${e.message}`).join('; ')

let html = original
let said = answer(context('background'))
let asked = 0 // how often
let status = 200
const server = createServer((request, response) => {
  const url = new URL(request.url, 'http://x')
  if (url.pathname !== '/debug/contexts') {
    response.statusCode = 404
    response.end()
  } else if (url.searchParams.get('format') === 'json') {
    ++asked
    response.statusCode = status
    response.setHeader('Content-Type', 'application/json')
    const now = typeof said === 'function' ? said() : said
    response.end(typeof now === 'string' ? now : JSON.stringify(now))
  } else {
    response.setHeader('Content-Type', 'text/html; charset=utf-8')
    response.end(html)
  }
})
await new Promise((r) => server.listen(0, '127.0.0.1', r))
const own = `http://127.0.0.1:${server.address().port}/debug/contexts`

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic',
    '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
})

const problems = [] // what the page of the running test complained of
let tolerated = null

function expect(condition, what) {
  if (!condition) throw new Error(what)
}

async function open(width, scheme, url) {
  const browsing = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme })
  browsing.setDefaultTimeout(planted ? 4000 : 15000)
  const page = await browsing.newPage()
  page.on('console', (m) => m.type() === 'error' && problems.push(m.text()))
  page.on('pageerror', (e) => problems.push(String(e)))
  page.on('request', (r) => r.url().startsWith(url.split('?')[0])
    || r.url().startsWith('data:') || problems.push(`goes out: ${r.url()}`))
  return page
}

const tests = []
const test = (name, body, width = 1280, scheme = 'light') =>
  tests.push({ name, body, width, scheme })

let planted = false
async function run({ name, body, width, scheme }) {
  problems.length = 0
  tolerated = null
  status = 200
  const page = await open(width, scheme, option('--url') ?? own)
  try {
    await body(page)
    const left = problems.filter((p) => !tolerated?.test(p))
    expect(left.length === 0, left.join('\n  '))
    return ''
  } catch (e) {
    return [e.message || String(e), ...problems].join('\n  ')
  } finally {
    if (option('--pictures'))
      await page.screenshot({ path: path.join(option('--pictures'), `${name.replaceAll(/\W+/g, '-')}.png`) })
    await page.context().close()
  }
}

// ---------------------------------------------------------------------------------------
// What a reader sees

const table = (page) => page.locator('#held tbody tr')
const tableRows = (page) => table(page).evaluateAll((all) => all.map((tr) =>
  [...tr.cells].map((td) => td.innerText.replaceAll(/\s+/g, ' ').trim())))
const tree = (page) => page.locator('#tree li').evaluateAll((all) =>
  all.map((li) => li.querySelector('.body').innerText.replaceAll(/\s+/g, ' ').trim()))
const lane = (page, what) => page.locator(`#lanes .k-${what} .ln`).evaluate((p) =>
  p.getAttribute('d').split('M').slice(1).map((v) => v.split(/ 17V/).map(Number)))
const latest = (page) => page.locator('#latest li').evaluateAll((all) =>
  all.map((li) => li.innerText.replaceAll(/\s+/g, ' ').trim()))
const summary = (page) => page.locator('#summary').innerText()
const settle = (page) => page.evaluate(() =>
  new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r))))

async function show(page, json) {
  said = json
  await page.goto(own)
  await page.locator('#tree li').first().waitFor()
}

async function until(what, condition, wait = planted ? 4000 : 15000) {
  const end = Date.now() + wait
  while (!await condition()) {
    expect(Date.now() < end, `does not happen: ${what}`)
    await new Promise((r) => setTimeout(r, 50))
  }
}

async function write(page, what, value) {
  await page.locator(what).fill(value)
  await settle(page)
}

// ---------------------------------------------------------------------------------------

test('the hashes in the policy are right', async () => {
  expect(html === seal(html), 'run: node test/page/test.mjs --seal')
})

test('the samples are as the schema says', async () => {
  for (const [name, json] of Object.entries({ shutdown: shutdown(), hostile: hostile(),
    connections: connections(1000), different: different(1000), chain: JSON.parse(chain(100)) })) {
    const why = wrong(JSON.parse(JSON.stringify(json)))
    expect(!why, `${name}: ${why}`)
  }
})

test('the schema allows nothing else', async () => {
  // Removes each member once, adds one to each object, and gives each the wrong type.
  const sample = shutdown()
  const visit = function* (value) {
    if (Array.isArray(value)) for (const v of value.slice(0, 2)) yield* visit(v)
    else if (value && typeof value === 'object') {
      yield value
      for (const v of Object.values(value)) yield* visit(v)
    }
  }
  let tried = 0
  for (const object of visit(sample)) {
    for (const [key, value] of Object.entries(object)) {
      if (key !== 'report' && key !== 'events') {
        delete object[key]
        expect(wrong(sample), `it may lack ${key}`)
      }
      object[key] = { strange: 1 }
      expect(wrong(sample), `${key} may be anything`)
      object[key] = value
      ++tried
    }
    object.strange = 1
    expect(wrong(sample), `there may be others beside ${Object.keys(object)}`)
    delete object.strange
  }
  expect(tried > 50, `${tried} tried`)
  for (const [key, value] of [['state', 'gone'], ['age', -1]]) {
    const bad = answer(context('background', {}, [operation('a', 'b.cpp:1', 1)]))
    bad.contexts.operations[0][key] = value
    expect(wrong(bad), `${key} may be ${value}`)
  }
  for (const [key, value] of [['what', 'gone'], ['ago', -1], ['context', 'x']]) {
    const bad = shutdown()
    bad.events[0][key] = value
    expect(wrong(bad), `${key} may be ${value}`)
  }
  expect(wrong({ ...sample, version: 1 }), 'the version may be another')
})

test('what holds it up is on top, with its place and what to do', async (page) => {
  await show(page, shutdown())
  const all = await tableRows(page)
  const never = all.find((cells) => cells[2].includes('never heard'))
  expect(never, `there is: ${JSON.stringify(all)}`)
  const [count, what, why, age, since, where] = never
  expect(count === '2', `count ${count}`)
  expect(what === 'basic_resolver::async_resolve upstream.cpp:61', what)
  expect(why.includes('detach_on_cancel'), why)
  expect(age === '64s' && since === '2.8s ago', `${age}, ${since}`)
  expect(where.startsWith('server › grace › GET /report (deadline exceeded, 2.8s ago)'), where)
})

test('the oldest is first, and what runs is not there', async (page) => {
  await show(page, shutdown())
  const all = await tableRows(page)
  const ages = all.map((cells) => cells[3])
  expect(ages.join() === '2m 08s,64s,12.4s,4.6s', ages.join())
  expect(!JSON.stringify(all).includes('async_receive'), 'one that was not asked')
})

test('the path ends with what is left', async (page) => {
  await show(page, answer(context('background', {}, [context('with_name', { name: 'server' },
    [context('with_grace', { left: 17.9 }, [context('with_name', { name: 'GET /report', left: 17.9 },
      [operation('async_x', 'a.cpp:1', 2, 'heard', 1)])])])])))
  const [row] = await tableRows(page)
  expect(row[5].startsWith('server › grace › GET /report (17.9s left)'), row[5])
})

test('a line sums up', async (page) => {
  await show(page, shutdown())
  const text = await summary(page)
  expect(text === '145 live contexts (131 done) · 7 operations pending · 8 asked and not ended'
    + ' · 236 queued', text)
  expect(await page.title() === '(8) Contexts', await page.title())
})

test('nothing was asked to stop', async (page) => {
  await show(page, connections(3))
  expect(await page.locator('#held').isHidden(), 'there is a table')
  expect((await page.locator('#held-none').innerText()).startsWith('Nothing'), 'it does not say so')
})

test('every state has its words and an advice', async (page) => {
  const states = ['on its way', 'never heard', 'heard', 'put off', 'queued']
  await show(page, answer(context('background', {}, states.map((state, i) =>
    operation('async_x', 'a.cpp:1', 10 - i, state, 1)))))
  const all = await tableRows(page)
  expect(all.length === states.length, `${all.length} rows`)
  states.forEach((state, i) => expect(all[i][2].includes(state)
    && all[i][2].length > state.length + 30, all[i][2]))
})

test('it filters by age', async (page) => {
  await show(page, shutdown())
  await write(page, '#age', '60')
  const ages = (await tableRows(page)).map((cells) => cells[3])
  expect(ages.join() === '2m 08s,64s', ages.join())
  const rows = await tree(page)
  expect(rows.some((r) => r.includes('async_resolve')), 'the old one has gone')
  expect(!rows.some((r) => r.includes('async_receive') || r.includes('connection')), rows.join('\n'))
  await page.locator('#clear').click()
  expect((await tableRows(page)).length === 4, 'it cannot be cleared')
})

test('it filters by whether it was asked', async (page) => {
  await show(page, shutdown())
  await page.locator('#asked').check()
  await settle(page)
  const rows = await tree(page)
  expect(!rows.some((r) => r.includes('pending') || r.includes('queued')), rows.join('\n'))
  expect(rows.some((r) => r.includes('never heard')), 'what was asked has gone')
  expect(!rows.some((r) => r === 'connection 2'), 'contexts without such operations')
})

test('it filters by names, operations, files and values', async (page) => {
  await show(page, shutdown())
  for (const [text, there, gone] of [['get /rep', 'async_resolve', 'pool::'],
    ['pool::async', 'pool::async_run', 'async_resolve'], ['upstream.cpp', 'async_resolve', 'pool::'],
    ['BOB', 'pool::async_run', 'async_resolve'], ['user=bob', 'pool::async_run', 'async_resolve'],
    ['never h', 'async_resolve', 'pool::'], ['client has gone', 'pool::', 'async_resolve']]) {
    await write(page, '#text', text)
    for (const rows of [await tree(page), (await tableRows(page)).flat()]) {
      expect(rows.some((r) => r.includes(there)), `"${text}" does not find ${there}`)
      expect(!rows.some((r) => r.includes(gone)), `"${text}" finds ${gone}`)
    }
  }
  await write(page, '#text', 'xyzzy')
  expect((await tree(page)).length === 0 && await page.locator('#tree-none').isVisible(),
    'what is not there is found')
})

test('10,000 alike are one row', async (page) => {
  const start = Date.now()
  await show(page, connections(10000,
    [operation('basic_resolver::async_resolve', 'upstream.cpp:61', 64, 'never heard', 4.2)]))
  await table(page).first().waitFor()
  const took = Date.now() - start
  expect(took < 10000, `took ${took} ms`)
  const rows = await tree(page)
  expect(rows.length < 20, `${rows.length} rows`)
  expect(rows.some((r) => r.startsWith('9,997 like this')), rows.join('\n'))
  await page.getByText('9,997 like this').click()
  const opened = await tree(page)
  const shown = opened.filter((r) => /^connection \d+ /.test(r)).length
  expect(shown === 200, `${shown} when opened`)
  expect(opened.some((r) => r.startsWith('9,800 more like this')), 'it does not say how many more')
  await page.getByText('9,800 more like this').click()
  expect((await tree(page)).length === rows.length, 'it cannot be folded again')
  // One that differs is not folded away.
  said.contexts.children[0].children[7777].operations[0].state = 'heard'
  await page.locator('#now').click()
  await until('one that differs is shown', async () =>
    (await tree(page)).some((r) => r.startsWith('connection 7777')))
})

test('alike operations are one row', async (page) => {
  await show(page, shutdown())
  await page.locator('#open-all').click()
  const rows = await tree(page)
  expect(rows.some((r) => r.startsWith('233 like this') && r.includes('queued')), rows.join('\n'))
})

for (const [name, json] of [['100,000 connections', () => connections(100000,
  [operation('async_x', 'a.cpp:1', 64, 'never heard', 4.2)])],
['100,000 operations, all different', () => different(100000)],
['a chain of 5,000', () => chain(5000)]])
  test(`it can be used with ${name}`, async (page) => {
    const made = json()
    const start = Date.now()
    await show(page, made)
    await table(page).first().waitFor()
    const took = Date.now() - start
    expect(took < 20000, `took ${took} ms`)
    const elements = await page.evaluate(() => document.querySelectorAll('*').length)
    expect(elements < 20000, `${elements} elements`)
    const typed = Date.now()
    await write(page, '#text', 'never heard')
    const rows = await tree(page)
    expect(rows.some((r) => r.includes('never heard') || r.startsWith('1,500 rows are shown')),
      `not found: ${rows.slice(-2)}`)
    expect((await tableRows(page)).length === 1, 'not found on top')
    expect(Date.now() - typed < 10000, `to filter took ${Date.now() - typed} ms`)
    if (process.argv.includes('--times'))
      console.log(`  ${name}: ${took} ms, filter ${Date.now() - typed} ms, ${elements} elements`)
  })

test('what the server sends is text', async (page) => {
  await show(page, hostile())
  await page.locator('#report summary').click()
  await page.locator('#lately summary').click()
  await page.locator('#open-all').click()
  await settle(page)
  const { elements, hacked } = await page.evaluate(() => ({ hacked: window.hacked,
    elements: document.querySelectorAll('body img, body script:not(:last-of-type), [onerror]').length }))
  expect(elements === 0, 'it is markup')
  expect(hacked === undefined, 'it has run')
  const [row] = await tableRows(page)
  expect(row[1] === `${hostileText} ${hostileText}:3`, row[1])
  const happened = await latest(page)
  expect(happened[1] === `1s bound ${hostileText} ${hostileText} ${hostileText}:3`, happened[1])
  const rows = (await tree(page)).join('\n')
  expect(rows.includes('</script><script>window.hacked=1</script>=<img src=x'), rows)
  expect(rows.includes('__proto__'), 'a name is missing')
  expect(rows.length < 3000, `${rows.length} characters`)
  expect(await page.locator('#report pre').innerText() === hostileText, 'another report')
  expect(await page.evaluate(() =>
    [...document.querySelectorAll('#held .name')].every((e) =>
      getComputedStyle(e).unicodeBidi.startsWith('isolate'))), 'a name may turn its neighbours')
})

test('the policy lets no other script run', async (page) => {
  tolerated = /Content Security Policy/
  await show(page, shutdown())
  await page.evaluate(() => {
    const script = document.createElement('script')
    script.textContent = 'window.hacked = 1'
    document.body.append(script)
    const image = document.createElement('div')
    image.innerHTML = '<img src="data:," onerror="window.hacked = 2">'
    document.body.append(image)
  })
  await page.waitForTimeout(200)
  expect(await page.evaluate(() => window.hacked) === undefined, 'it has run')
})

test('what has ended goes by itself', async (page) => {
  const last = operation('async_last', 'z.cpp:9', 1, 'heard', 1)
  const root = context('background', {}, [operation('async_first', 'y.cpp:9', 3, 'heard', 1), last])
  await show(page, answer(root))
  expect((await tableRows(page)).length === 2, 'not there at first')
  await table(page).last().evaluate((tr) => { tr.stayed = true })
  root.operations = [{ ...last, age: 2 }]
  await until('the row goes', async () => (await tableRows(page)).length === 1)
  const [row] = await tableRows(page)
  expect(row[1].startsWith('async_last') && row[3] === '2s', row.join())
  expect(await table(page).first().evaluate((tr) => tr.stayed), 'the other was made anew')
  root.operations = []
  await until('the last goes', () => page.locator('#held').isHidden())
})

test('a refresh takes neither focus nor selection', async (page) => {
  said = shutdown()
  await show(page, said)
  await page.evaluate(() => {
    document.querySelectorAll('#held button')[1].focus()
    const name = document.querySelectorAll('#held .name')[1]
    getSelection().selectAllChildren(name)
    document.querySelectorAll('#held button')[1].focus()
  })
  const before = asked
  said = shutdown(1)
  await until('two refreshes', () => asked > before + 1)
  await settle(page)
  expect((await tableRows(page))[1][3] === '65s', 'it is not refreshed')
  expect(await page.evaluate(() => document.activeElement.tagName) === 'BUTTON', 'focus')
  expect(await page.evaluate(() => String(getSelection())) === 'basic_resolver::async_resolve', 'selection')
})

test('it asks when live and visible only', async (page) => {
  await show(page, shutdown())
  const quiet = async () => {
    await page.waitForTimeout(200)
    const before = asked
    await page.waitForTimeout(1600)
    return asked === before
  }
  const hide = (hidden) => page.evaluate((h) => {
    Object.defineProperty(document, 'hidden', { value: h, configurable: true })
    document.dispatchEvent(new Event('visibilitychange'))
  }, hidden)
  const goesOn = async () => {
    const before = asked
    await until('it asks again', () => asked > before + 1)
  }
  await goesOn()
  await page.locator('#live').uncheck()
  expect(await quiet(), 'it asks though not live')
  const before = asked
  await page.locator('#now').click()
  await until('the button asks', () => asked === before + 1)
  await page.locator('#live').check()
  await goesOn()
  await hide(true)
  expect(await quiet(), 'it asks though hidden')
  await hide(false)
  await goesOn()
  await page.locator('#every').selectOption('15000')
  expect(await quiet(), 'the interval does not count')
})

test('it says when there is no answer, and goes on', async (page) => {
  tolerated = /500/
  await show(page, shutdown())
  status = 500
  await page.locator('#trouble').waitFor()
  expect((await page.locator('#trouble').innerText()).includes('500'), 'not why')
  expect((await tableRows(page)).length === 4, 'what was there has gone')
  status = 200
  await page.locator('#trouble').waitFor({ state: 'hidden' })
  said = { ...shutdown(), version: 3 }
  await page.locator('#trouble').waitFor()
  expect((await page.locator('#trouble').innerText()).includes('version 2'), 'another version')
})

test('lines show the last two minutes', async (page) => {
  await show(page, connections(5))
  await page.locator('#every').selectOption('500')
  const points = (what) => page.locator(`.c-${what} .ln`).evaluate((p) =>
    p.getAttribute('d').split(/[ML]/).slice(1).map((xy) => Number(xy.split(' ')[1])))
  await until('three points', async () => (await points('pending')).length >= 3)
  said = connections(10, [operation('async_x', 'a.cpp:1', 64, 'never heard', 4.2)])
  await until('it goes up', async () => (await points('asked')).at(-1) === 2)
  const pending = await points('pending')
  expect(pending.at(-1) === 2 && pending[0] > 20 && pending[0] < 26, pending.join())
  expect((await points('asked'))[0] === 45, 'it was asked from the start')
  expect((await page.locator('.c-pending figcaption').innerText()).includes('now 10, at most 10'),
    await page.locator('.c-pending figcaption').innerText())
})

// A context that has gone, and one that has its id.
function reused() {
  const job = context('with_name', { name: 'job' })
  const other = { id: 'abc' }
  return answer(context('background', {}, [job]), undefined, [
    event('made', 10, job, null, 'old.cpp:1'), event('canceled', 7.5, job, null, 'old.cpp:2'),
    event('made', 5, job, null, 'job.cpp:3'), event('bound', 5, other, 'async_x', 'x.cpp:4'),
    event('bound', 5, other, 'async_x', 'x.cpp:4'), event('asked', 2.5, other, 'async_x', 'x.cpp:4'),
    event('ended', 0, other, 'async_x', 'x.cpp:4'), event('expired', 0, job, null, 'job.cpp:3')])
}

test('what has happened is a timeline', async (page) => {
  await show(page, reused())
  const caption = () => page.locator('#happened figcaption').innerText()
  expect(/^What has happened: the last 8 events\s+10s ago – now$/.test(await caption()), await caption())
  // From the left to the right in the time of ten seconds; two at once are higher.
  for (const [what, marks] of [['made', [[0, 13], [300, 13]]], ['canceled', [[150, 13]]],
    ['bound', [[300, 11]]], ['asked', [[450, 13]]], ['ended', [[600, 13]]], ['expired', [[600, 13]]]]) {
    const drawn = (await lane(page, what)).sort(([a], [b]) => a - b)
    expect(JSON.stringify(drawn) === JSON.stringify(marks), `${what}: ${JSON.stringify(drawn)}`)
  }
  const labels = await page.locator('#lanes .kind').allInnerTexts()
  expect(labels.join() === 'made 2,bound 2,asked 1,ended 1,canceled 1,expired 1', labels.join())
  said = connections(3)
  await until('without a recorder it goes', () => page.locator('#happened').isHidden())
  expect(await page.locator('#lately').isHidden(), 'the list stays')
})

test('the last events are listed with their places', async (page) => {
  await show(page, reused())
  await page.locator('#lately summary').click()
  await until('there is a list', async () => (await latest(page)).length === 8)
  const all = await latest(page)
  const expected = ['0s expired job job.cpp:3', '0s ended async_x x.cpp:4', '2.5s asked async_x x.cpp:4',
    '5s bound async_x x.cpp:4', '5s bound async_x x.cpp:4', '5s made job job.cpp:3',
    '7.5s canceled old.cpp:2', '10s made old.cpp:1']
  expect(all.join('\n') === expected.join('\n'), all.join('\n'))
  said = shutdown()
  said.events = said.events.slice(-300)
  await until('it is live', async () => (await latest(page)).length > 8)
  expect((await latest(page)).length === 100, `${(await latest(page)).length} are listed`)
})

test('the text filters what has happened', async (page) => {
  await show(page, shutdown())
  await page.locator('#lately summary').click()
  for (const [text, is] of [['async_resolve', 'async_resolve'], ['expired', 'expired'],
    ['stream.hpp:31', 'stream.hpp:31'], ['thumbnails', 'thumbnails']]) {
    await write(page, '#text', text)
    const all = await latest(page)
    expect(all.length > 0 && all.every((row) => row.includes(is)), `"${text}": ${all.join('\n')}`)
  }
  expect(/: 241 of \d+ events/.test(await page.locator('#happened figcaption').innerText())
    && (await lane(page, 'expired')).length === 0, await page.locator('#happened figcaption').innerText())
  await write(page, '#text', 'xyzzy')
  expect(await page.locator('#latest-none').isVisible(), 'it does not say that there is nothing')
})

test('a row of the table leads to the tree', async (page) => {
  const json = connections(10000)
  json.contexts.children[0].children[5000].children =
    [context('with_cancel', {}, Array.from({ length: 300 }, (_, i) =>
      operation('async_x', 'a.cpp:1', i, 'heard', 1)))]
  await show(page, json)
  await page.locator('#fold-all').click()
  await table(page).first().getByRole('button').click()
  const row = page.locator('#tree li.flash')
  const text = await row.innerText()
  expect(text.includes('async_x') && text.includes('4m 59s'), text)
  expect(await row.evaluate((li) => {
    const { top, bottom } = li.getBoundingClientRect()
    return top >= 0 && bottom <= innerHeight
  }), 'out of sight')
})

test('contexts that only lead to another share its row', async (page) => {
  await show(page, shutdown())
  const rows = await tree(page)
  expect(rows.some((r) => r.startsWith('GET /report with_timeout › with_value › with_name'
    + ' 17.9s left user=alice')), rows.join('\n'))
  expect(rows.some((r) => r.startsWith('connection 2 with_name › with_idle_timeout ✕ done, as above')),
    'one whose end is inherited')
  expect(rows.some((r) => r.startsWith('with_cancel ✕ canceled: client has gone')),
    'one with another end')
  await show(page, answer(context('background', {}, [context('with_cancel', {},
    [context('with_timeout', { end: ended('deadline exceeded') },
      [operation('async_x', 'a.cpp:1', 2, 'heard', 1)])])])))
  expect((await tree(page))[1] === 'with_cancel', `not done: ${(await tree(page))[1]}`)
})

test('the tree is folded and opened', async (page) => {
  await show(page, shutdown())
  const there = async (text) => (await tree(page)).some((r) => r.includes(text))
  await page.locator('#fold-all').click()
  expect(!await there('GET /report'), 'not folded')
  expect(await there('server with_name 142 contexts below 250 operations 8 asked'),
    (await tree(page)).join('\n'))
  await page.locator('#open-all').click()
  expect(await there('steady_timer::async_wait'), 'not opened')
  const metrics = page.locator('#tree li', { hasText: 'metrics' }).first()
  await metrics.locator('.toggle').press('Enter')
  expect(!await there('steady_timer::async_wait'), 'one cannot be folded')
  expect(await there('metrics with_name 1 operation'), 'it does not say what is below')
  await page.locator('#now').click()
  await settle(page)
  expect(!await there('steady_timer::async_wait'), 'a refresh opens it')
})

test('#sample shows what window.sample is', async (page) => {
  await page.addInitScript((sample) => { window.sample = sample }, connections(7))
  said = shutdown()
  await page.goto(`${own}#sample`)
  await page.locator('#tree li').first().waitFor()
  expect((await summary(page)).startsWith('9 live contexts'), await summary(page))
})

for (const scheme of ['light', 'dark']) {
  test(`it fits a narrow screen, ${scheme}`, async (page) => {
    for (const json of [hostile(), shutdown()]) {
      await show(page, json)
      await page.locator('#open-all').click()
      const over = await page.evaluate(() =>
        document.documentElement.scrollWidth - window.innerWidth)
      expect(over <= 0, `wider by ${over}`)
    }
  }, 400, scheme)

  test(`colours can be told from what is behind, ${scheme}`, async (page) => {
    await show(page, shutdown())
    const low = await page.evaluate(() => {
      const rgb = (s) => s.match(/[\d.]+/g).map(Number)
      const light = ([r, g, b]) => [0.2126, 0.7152, 0.0722].reduce((sum, weight, i) => {
        const v = [r, g, b][i] / 255
        return sum + weight * (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
      }, 0)
      const found = []
      for (const e of document.querySelectorAll('.badge, .quiet, .when, .label, a, #summary span')) {
        if (!e.textContent.trim()) continue
        let behind = e
        while (behind && rgb(getComputedStyle(behind).backgroundColor)[3] === 0)
          behind = behind.parentElement
        const [a, b] = [light(rgb(getComputedStyle(e).color)),
          light(rgb(getComputedStyle(behind ?? document.body).backgroundColor))]
        const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
        if (contrast < 4.5) found.push(`${e.className} ${e.textContent}: ${contrast.toFixed(2)}`)
      }
      return found
    })
    expect(low.length === 0, low.slice(0, 5).join('\n'))
  }, 1280, scheme)
}

// ---------------------------------------------------------------------------------------
// A real gateway, in which an operation is asked that cannot be canceled.

const real = [['the answer is as the schema says', async (page, url) => {
  await until('there is an operation that never heard', async () => {
    const answered = await fetch(`${url}?format=json`)
    expect(answered.ok, `the server says ${answered.status}`)
    const why = wrong(await answered.json())
    expect(!why, why)
    await page.goto(url)
    await page.locator('#tree li').first().waitFor()
    return (await tableRows(page)).some((cells) => cells[2].includes('never heard'))
  })
}], ['what never heard is on top, with its place and what to do', async (page, url) => {
  await page.goto(url)
  await table(page).first().waitFor()
  const never = (await tableRows(page)).find((cells) => cells[2].includes('never heard'))
  expect(never, 'there is none')
  expect(/\.[ch]pp:\d+$/.test(never[1]), never[1])
  expect(never[2].includes('detach_on_cancel'), never[2])
  expect(/^\d/.test(never[3]), `age ${never[3]}`)
  expect(/^\S/.test(never[5]), 'no path')
}], ['it filters', async (page, url) => {
  await page.goto(url)
  await page.locator('#tree li').first().waitFor()
  await write(page, '#text', 'never heard')
  expect((await tree(page)).some((r) => r.includes('never heard')), 'not found by its state')
  expect((await tableRows(page)).every((cells) => cells[2].includes('never heard')), 'others, too')
  await write(page, '#text', 'xyzzyplugh')
  expect((await tree(page)).length === 0, 'what is not there is found')
  await write(page, '#text', '')
  await write(page, '#age', '1000000')
  expect((await tableRows(page)).length === 0, 'something is older than the server')
}], ['it is live', async (page, url) => {
  let n = 0
  page.on('request', (r) => { if (r.url().includes('format=json')) ++n })
  await page.goto(url)
  await until('it asks again', () => n > 2)
  expect(await page.locator('#trouble').isHidden(), 'it is in trouble')
}], ['what has happened is there, and goes on', async (page, url) => {
  await page.goto(url)
  await page.locator('#happened').waitFor()
  await page.locator('#lately summary').click()
  await page.locator('#latest li').first().waitFor()
  const first = await latest(page)
  expect(first.every((row) => /^[\d.]+s (made|bound|asked|ended|canceled|expired) .*\.[ch]pp:\d+$/
    .test(row)), first.join('\n'))
  const marks = (await Promise.all(['made', 'bound', 'ended'].map((what) => lane(page, what)))).flat()
  expect(marks.length > 2 && marks.every(([x]) => x >= 0 && x <= 600), `${marks.length} marks`)
  const before = JSON.stringify(await lane(page, 'bound'))
  await until('it changes', async () => JSON.stringify(await lane(page, 'bound')) !== before)
}]]

// ---------------------------------------------------------------------------------------
// What must fail which test: [in the page or the schema, instead, names of tests].

const plants = [
  ["for (const what of ['contexts', 'operations', 'asked'])", 'for (const what of [])',
    ['the tree is folded and opened']],
  ["place(o.bound) || 'bound somewhere'", "'somewhere'", ['what holds it up is on top, with its place and what to do']],
  ["['advice', advice || meaning]", "['advice', '']", ['what holds it up is on top, with its place and what to do', 'every state has its words and an advice']],
  ['if (!op.asked || !op.ok) continue', 'if (!op.ok) continue', ['the oldest is first, and what runs is not there', 'nothing was asked to stop']],
  ['b.age - a.age ||', 'a.age - b.age ||', ['the oldest is first, and what runs is not there']],
  ['${seconds(node.c.left)} left)`', '?)`', ['the path ends with what is left']],
  ['if (c.end) ++all.done', '', ['a line sums up']],
  ['(op.o.age ?? -1) >= age', 'true', ['it filters by age']],
  ['(!asked || op.asked)', 'true', ['it filters by whether it was asked']],
  ["|| has(`${v.key}=${v.value}`)", '', ['it filters by names, operations, files and values']],
  ["node.hit = text !== '' && (!!node.parent?.hit ||", "node.hit = text !== '' && (", ['it filters by names, operations, files and values']],
  ['const FOLD = 50', 'const FOLD = 1e9', ['10,000 alike are one row', 'alike operations are one row']],
  ['FIRST = 200', 'FIRST = 300', ['10,000 alike are one row']],
  ['LIMIT = 300, ROWS = 1500', 'LIMIT = 1e9, ROWS = 1e9', ['it can be used with 100,000 operations, all different', 'it can be used with a chain of 5,000']],
  ['while (keys.has(key))', 'while ([...keys].includes(key))', ['it can be used with 100,000 connections']],
  ['if (span.firstChild.data !== text) span.firstChild.data = text', 'span.innerHTML = text', ['what the server sends is text']],
  ['.text { unicode-bidi: isolate; }', '', ['what the server sends is text']],
  [/<meta http-equiv="Content-Sec[^>]*>/, '', ['the policy lets no other script run']],
  ['if (!keys.has(key)) element.remove()', ';', ['what has ended goes by itself']],
  ['if (!keys.has(key)) element.remove()', 'element.remove(), old.delete(key)', ['a refresh takes neither focus nor selection', 'what has ended goes by itself']],
  ["if ($('live').checked && !document.hidden)", "if ($('live').checked)", ['it asks when live and visible only']],
  ["if ($('live').checked && !document.hidden)", 'if (!document.hidden)', ['it asks when live and visible only']],
  ['if (!response.ok)', 'if (false)', ['it says when there is no answer, and goes on']],
  ['said.version === 2', 'true', ['it says when there is no answer, and goes on']],
  ['gap: broke })', 'gap: broke })\n      past.splice(0, past.length - 1)', ['lines show the last two minutes']],
  ['(1 - e.ago / span) * 600', 'e.ago / span * 600', ['what has happened is a timeline']],
  ['- 2 * Math.log2(n)', '', ['what has happened is a timeline']],
  ['if (e.what !== what) continue', '', ['what has happened is a timeline']],
  ["$('lately').hidden = !events", "$('lately').hidden = false", ['what has happened is a timeline']],
  ["if (e.what === 'made') at.delete(e.context)", '', ['the last events are listed with their places']],
  ['for (let i = said.events.length; i-- > 0;) {', 'for (let i = 0; i < said.events.length; ++i) {',
    ['the last events are listed with their places']],
  ['shown.slice(0, EVENTS)', 'shown', ['the last events are listed with their places']],
  ["parts.push(['quiet text', pathOf(node).join(' › ')])", ';',
    ['the last events are listed with their places', 'what the server sends is text']],
  ["|| node?.hit || has(e.what)", '|| has(e.what)', ['the text filters what has happened']],
  ['|| has(e.name) || has(placeFull(e.at))', '', ['the text filters what has happened']],
  ["$('latest-none').hidden = shown.length !== 0", '', ['the text filters what has happened']],
  ['|| revealed.has(item.key)', '', ['a row of the table leads to the tree']],
  ['if (!parent || ops', 'if (true || ops', ['contexts that only lead to another share its row']],
  ['if (c.end ? !c.end.inherited || !kid.end?.inherited : kid.end) return line', '', ['contexts that only lead to another share its row']],
  ['if (said !== undefined) return said', '', ['the tree is folded and opened']],
  ["location.hash === '#sample' && window.sample", 'false', ['#sample shows what window.sample is']],
  ['.body > span { overflow-wrap: anywhere; }', '.body > span { white-space: nowrap; }', ['it fits a narrow screen, light', 'it fits a narrow screen, dark']],
  ['--heard: #7a4b00', '--heard: #c08020', ['colours can be told from what is behind, light']],
  ['--heard: #ecc766', '--heard: #705510', ['colours can be told from what is behind, dark']],
]

const inSchema = [
  ['"^[0-9a-f]+$"', '"^[0-9a-e]+$"', 'the samples are as the schema says'],
  ['"put off",', '', 'the samples are as the schema says'],
  ['"required": ["key", "value"],', '', 'the schema allows nothing else'],
  ['["made", "canceled",', '["made",', 'the samples are as the schema says'],
  ['"required": ["what", "ago", "context", "name", "at"],', '', 'the schema allows nothing else'],
  [/"additionalProperties": false,(?=\s*"required": \["reason")/, '', 'the schema allows nothing else'],
  ['"type": "boolean"', '"type": ["boolean", "object"]', 'the schema allows nothing else'],
  ['"const": 2', '"type": "integer"', 'the schema allows nothing else'],
]

// For a real gateway: in the page, or in what it answers.
const ofReal = [
  [(t) => t, (json) => { delete json.contexts.left; return json }, 0],
  [(t) => t, (json) => { delete json.events[0].at; return json }, 0],
  [(t) => t, () => connections(3), 1],
  [(t) => t.replace("['advice', advice || meaning]", "['advice', '']"), (json) => json, 1],
  [(t) => t.replace("text === '' || node.hit || has", 'true || has'), (json) => json, 2],
  [(t) => t.replace('(op.o.age ?? -1) >= age', 'true'), (json) => json, 2],
  [(t) => t.replace('timer = setTimeout(refresh, wait)', ';'), (json) => json, 3],
  [(t) => t, (json) => { delete json.events; return json }, 4],
  [(t) => t, () => shutdown(), 4], // it stands still
]

const only = option('--only')
let passed = 0
let failed = 0
function tell(name, why) {
  if (why) ++failed
  else ++passed
  console.log(why ? `FAILED: ${name}\n  ${why}` : `ok: ${name}`)
}

if (option('--screenshot')) {
  html = seal(original)
  const page = await open(1280, 'light', own)
  await page.addInitScript(() => {
    const now = Date.now
    window.ahead = 0
    Date.now = () => now() + window.ahead
  })
  // Two minutes of it, in which the gateway is asked to stop.
  await show(page, connections(240))
  await page.locator('#live').uncheck()
  for (let i = 0; i < 60; ++i) {
    said = i < 57 ? connections(180 + Math.round(40 * Math.sin(i / 5) + 15 * Math.sin(i * 2.3)))
      : shutdown()
    await page.evaluate(() => { window.ahead += 2000 })
    const before = asked
    await page.locator('#now').click()
    await until('it is asked', () => asked > before)
    await settle(page)
  }
  await page.locator('#live').check()
  await page.setViewportSize({ width: 1280, height: 1440 })
  await settle(page)
  await page.screenshot({ path: option('--screenshot') })
} else if (option('--url')) {
  const url = option('--url')
  for (const [name, body] of real)
    tell(name, await run({ name, body: (page) => body(page, url), width: 1280, scheme: 'light' }))
} else if (process.argv.includes('--planted')) {
  planted = true
  const untried = new Set(tests.map((t) => t.name))
  for (const [from, to, names] of plants) {
    if (only && !names.some((name) => name.includes(only))) continue
    const changed = original.replace(from, () => to)
    if (changed === original) {
      tell(`${from}: it is not in the page`, 'look at plants')
      continue
    }
    html = seal(changed)
    for (const name of names) {
      const found = tests.find((t) => t.name === name)
      const why = await run(found)
      untried.delete(name)
      tell(`"${name}" must fail without ${from}`, why ? '' : 'it passes')
      if (process.argv.includes('--why')) console.log(`  ${why.split('\n')[0].slice(0, 160)}`)
    }
  }
  html = original.replace("'use strict'", "'use strict' ")
  tell('"the hashes in the policy are right" must fail when the script changes',
    await run(tests[0]) ? '' : 'it passes')
  untried.delete(tests[0].name)
  html = original
  for (const [from, to, name] of inSchema) {
    const changed = schema.replace(from, to)
    if (changed === schema) tell(`${from}: it is not in the schema`, 'look at inSchema')
    validate = compile(changed)
    tell(`"${name}" must fail without ${from}`,
      await run(tests.find((t) => t.name === name)) ? '' : 'it passes')
    untried.delete(name)
  }
  validate = compile(schema)
  for (const [i, [inPage, inAnswer, which]] of [[(t) => t, (json) => json, -1], ...ofReal].entries())
    for (const [n, [name, body]] of real.entries()) {
      if (n !== which && which >= 0) continue
      html = seal(inPage(original))
      let seconds = 0
      said = () => inAnswer(shutdown(seconds++))
      const why = await run({ name, body: (page) => body(page, own), width: 1280, scheme: 'light' })
      tell(`--url: "${name}" must ${which < 0 ? 'pass' : `fail, ${i}`}`,
        (why === '') === (which < 0) ? '' : why || 'it passes')
    }
  console.log(`Not tried: ${[...untried].join(', ') || 'none'}`)
} else {
  for (const one of tests) if (!only || one.name.includes(only)) tell(one.name, await run(one))
}

await browser.close()
server.close()
if (!option('--screenshot')) console.log(`${passed} passed, ${failed} failed`)
process.exit(failed ? 1 : 0)
