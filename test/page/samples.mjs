// What a gateway could say at GET /debug/contexts?format=json.

let ids = 0x7f3a10000000

const place = (at) => {
  if (!at) return null
  const [file, line] = at.split(':')
  return { file, line: Number(line) }
}

export function operation(name, bound, age, state = 'pending', asked = null) {
  return { name, bound: place(bound), age, asked, state }
}

export function context(kind, more = {}, below = []) {
  ids += 0x40
  return {
    id: ids.toString(16), kind, name: more.name ?? null,
    values: Object.entries(more.values ?? {}).map(([key, value]) => ({ key, value })),
    made: place(more.made), left: more.left ?? null, end: more.end ?? null,
    operations: below.filter((b) => b.state), children: below.filter((b) => !b.state),
  }
}

export function ended(reason, more = {}) {
  return { reason, cause: more.cause ?? null, at: place(more.at), for: more.for ?? null,
    inherited: more.inherited ?? false }
}

export function event(what, ago, of, name = null, at = null) {
  return { what, ago, context: of.id, name, at: place(at) }
}

export const answer = (root, report, events) => ({ version: 2, contexts: root,
  ...(report === undefined ? {} : { report }), ...(events === undefined ? {} : { events }) })

// What a recorder could have kept of a tree, the oldest first. Contexts that are done and
// have no operation had one, which has ended.
function history(root) {
  const events = []
  const visit = (c) => {
    const made = c.made && `${c.made.file}:${c.made.line}`
    const ages = c.operations.map((o) => o.age)
    if (ages.length) events.push(event('made', Math.max(...ages) + 0.1, c, null, made))
    if (c.end?.for && !c.end.inherited)
      events.push(event(c.end.reason === 'canceled' ? 'canceled' : 'expired', c.end.for, c, null,
        c.end.at && `${c.end.at.file}:${c.end.at.line}`))
    if (c.end?.for && !ages.length && !c.children.length)
      for (const [what, ago] of [['bound', c.end.for + 3 + events.length * 7 % 50],
        ['asked', c.end.for], ['ended', c.end.for - 0.1]])
        events.push(event(what, ago, c, 'basic_stream_socket::async_receive', 'stream.hpp:31'))
    for (const o of c.operations) {
      const at = `${o.bound.file}:${o.bound.line}`
      events.push(event('bound', o.age, c, o.name, at))
      if (o.asked !== null) events.push(event('asked', o.asked, c, o.name, at))
    }
    c.children.forEach(visit)
  }
  visit(root)
  return events.sort((a, b) => b.ago - a.ago)
}

// A gateway that was interrupted 4.2 s ago and does not end: one look-up cannot be
// canceled, one pool of threads is kept busy.
export function shutdown(seconds = 0) {
  const t = (s) => Math.round((s + seconds) * 10) / 10
  const stopped = (more = {}) => ended('canceled',
    { cause: 'Interrupt', for: t(4.2), inherited: true, ...more })
  const request = (name, user, left, below) => context('with_timeout',
    { made: 'server.cpp:74', left }, [context('with_value',
      { made: 'server.cpp:76', left, values: { user } },
      [context('with_name', { name, made: 'server.cpp:77', left }, below)])])
  const idle = (n) => Array.from({ length: n }, (_, i) => context('with_name',
    { name: `connection ${i + 1}`, made: 'server.cpp:52', end: stopped() },
    [context('with_idle_timeout', { made: 'server.cpp:53', end: stopped() },
      i % 16 ? [] : [operation('stream::async_shutdown', 'stream.hpp:88', t(4.1 + i / 100),
        'heard', t(4.1))])]))
  const root = context('background', { made: 'main.cpp:31' }, [
    context('with_name', { name: 'server', made: 'main.cpp:40' }, [
      context('with_cancel', { made: 'main.cpp:41', end: ended('canceled',
        { cause: 'Interrupt', at: 'main.cpp:58', for: t(4.2) }) }, [
        operation('basic_socket_acceptor::async_accept', 'server.cpp:44', t(128.4), 'put off', t(4.2)),
        ...idle(64)]),
      context('with_grace', { made: 'main.cpp:42', left: 17.9 - seconds }, [
        request('GET /report', 'alice', 17.9 - seconds, [
          operation('basic_resolver::async_resolve', 'upstream.cpp:61', t(64), 'pending'),
          context('with_timeout', { made: 'upstream.cpp:58',
            end: ended('deadline exceeded', { for: t(2.8) }) },
          [operation('basic_resolver::async_resolve', 'upstream.cpp:61', t(64), 'never heard', t(2.8)),
            operation('basic_resolver::async_resolve', 'upstream.cpp:61', t(31.5), 'never heard', t(2.8))])]),
        request('POST /thumbnail', 'bob', 9.3 - seconds, [
          context('with_cancel', { made: 'thumbnail.cpp:24', end: ended('canceled',
            { cause: 'client has gone', at: 'thumbnail.cpp:39', for: t(11) }) },
          [operation('pool::async_run', 'thumbnail.cpp:31', t(12.4), 'on its way', null)]),
          context('with_name', { name: 'thumbnails', made: 'thumbnail.cpp:26', left: 9.3 - seconds },
            Array.from({ length: 240 }, (_, i) =>
              operation('task', 'thumbnail.cpp:46', t(i / 100), i < 4 ? 'pending' : 'queued')))]),
        request('GET /feed', 'carol', 14.2 - seconds, [
          operation('basic_stream_socket::async_receive', 'stream.hpp:31', t(5.8))]),
      ]),
    ]),
    context('with_name', { name: 'metrics', made: 'main.cpp:63' },
      [operation('steady_timer::async_wait', 'metrics.cpp:19', t(0.6))]),
  ])
  return answer(root, 'still not ended 4.2 s after "Interrupt":\n'
    + '  2 basic_resolver::async_resolve, bound at upstream.cpp:61, never heard\n', history(root))
}

// Nothing ends; n connections that are alike but for their numbers.
export function connections(n, extra = []) {
  const all = Array.from({ length: n }, (_, i) => context('with_name',
    { name: `connection ${i}`, made: 'server.cpp:52', left: 30, values: { peer: `10.0.0.${i % 250}` } },
    [operation('basic_stream_socket::async_receive', 'stream.hpp:31', i / 100)]))
  return answer(context('background', {}, [context('with_name', { name: 'server' },
    [...all, ...extra])]))
}

// n operations in one context, each different from all others.
export const different = (n) => answer(context('background', {}, [context('with_cancel', {},
  Array.from({ length: n }, (_, i) => operation(`op_${i}`, `file.cpp:${i}`, 1,
    i === n - 1 ? 'never heard' : 'pending', i === n - 1 ? 1 : null)))]))

// A chain of n contexts, as text: JSON.stringify() calls itself for each.
export function chain(n) {
  const last = JSON.stringify(context('with_name', { name: 'deepest' },
    [operation('async_deep', 'deep.cpp:1', 3, 'never heard', 2)]))
  const levels = Array.from({ length: n }, (_, i) =>
    JSON.stringify(context('with_name', { name: `level ${i}` })).slice(0, -2))
  return `{"version":2,"contexts":${levels.join('')}${last}${']}'.repeat(n)}}`
}

export const hostileText = '<img src=x onerror="window.hacked=1">'
export function hostile() {
  const script = '</script><script>window.hacked=1</script>'
  const root = context('background', {}, [
    context('with_name', { name: hostileText, values: { [script]: hostileText }, made: `${script}:1`,
      end: ended('canceled', { cause: hostileText, at: `${hostileText}:2`, for: 1 }) },
    [operation(hostileText, `${hostileText}:3`, 5, 'never heard', 1),
      operation('\u202egnitcepxe\u2066', 'a.cpp:4', 5, 'heard', 1)]),
    context(hostileText, { name: 'x'.repeat(100000) }),
    context('constructor', { name: '__proto__' }),
  ])
  return answer(root, hostileText, [event('bound', 1, root.children[0], hostileText,
    `${hostileText}:3`), event('asked', 0, { id: '0' }, '\u202egnitcepxe\u2066', `${script}:4`)])
}
