import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitepress'

const sidebar = JSON.parse(readFileSync(
  fileURLToPath(new URL('./sidebar.json', import.meta.url)), 'utf8'))

export default defineConfig({
  title: 'asioctx',
  description: "Go's context for Boost.Asio",
  lang: 'en',
  base: process.env.SITE_BASE ?? '/',
  cleanUrls: false,
  head: [['link', { rel: 'icon', type: 'image/svg+xml',
    href: `${process.env.SITE_BASE ?? '/'}logo.svg` }]],
  markdown: {
    theme: { light: 'github-light', dark: 'github-dark' },
    languageAlias: { mermaid: 'text' },
  },
  themeConfig: {
    logo: '/logo.svg',
    nav: [
      { text: 'Guide', link: '/guide/getting-started',
        activeMatch: '/guide/' },
      { text: 'Reference', link: '/reference/', activeMatch: '/reference/' },
      { text: 'Examples', link: '/examples/', activeMatch: '/examples/' },
      { text: 'Design', link: '/design/overview', activeMatch: '/design/' },
      { text: 'Performance', link: '/performance' },
    ],
    sidebar,
    outline: { level: [2, 3] },
    search: {
      provider: 'local',
      options: {
        miniSearch: {
          // A name such as with_timeout is one word, and its parts are words.
          options: {
            tokenize: (text) => text.split(/[^\p{L}\p{N}_]+/u).flatMap(
              (w) => (w.includes('_') ? [w, ...w.split('_')] : [w]))
              .filter(Boolean),
          },
          searchOptions: { boost: { title: 4, titles: 2, text: 1 } },
        },
        // A page may say that it is not to be found, as those of sources do.
        _render: (src, env, md) => {
          const html = md.render(src, env)
          return env.frontmatter?.search === false ? '' : html
        },
      },
    },
    footer: { message: 'Boost Software License 1.0' },
    docFooter: { prev: 'Before', next: 'Next' },
  },
})
