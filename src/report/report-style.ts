/** Style of the report page: one column, light and dark by the reader's setting, plain on paper. */
export const reportStyle = `
:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --ink: #1b1f24; --soft: #59636e; --line: #dfe3e8;
  --good: #1a7f37; --good-soft: #dafbe1; --bad: #c62f2f; --bad-soft: #ffe5e3; --hold: #9a6700; --hold-soft: #fff4d1; --accent: #2563c9;
  --bar-migrated: #2f8f4e; --bar-quarantined: #d9912b; --bar-scope: #9aa5b1; --bar-open: #c62f2f; }
@media (prefers-color-scheme: dark) { :root { --page: #0f1318; --card: #171c23; --ink: #e4e9ef; --soft: #98a3b0; --line: #2b333d;
  --good: #56d27a; --good-soft: #12351f; --bad: #ff7b72; --bad-soft: #43191a; --hold: #e3b341; --hold-soft: #3a2d0d; --accent: #79b0ff;
  --bar-migrated: #3fae63; --bar-quarantined: #d9a04a; --bar-scope: #5d6875; --bar-open: #ff7b72; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { font-size: 22px; margin: 0; } h2 { font-size: 16px; margin: 0 0 12px; } h3 { font-size: 14px; margin: 16px 0 6px; } p { margin: 6px 0; }
code, .mono { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: 13px; overflow-wrap: anywhere; }
.soft { color: var(--soft); } td .mono.whole { overflow-wrap: normal; white-space: nowrap; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 18px 20px; margin-top: 16px; overflow-x: auto; }
.verdict { border-left: 6px solid var(--hold); } .verdict.good { border-left-color: var(--good); } .verdict.bad { border-left-color: var(--bad); }
.verdict .sentence { font-size: 20px; line-height: 1.35; margin: 10px 0 4px; }
.badge { display: inline-block; padding: 2px 10px; border-radius: 999px; font-size: 13px; font-weight: 600; background: var(--hold-soft); color: var(--hold); white-space: nowrap; }
.badge.good { background: var(--good-soft); color: var(--good); } .badge.bad { background: var(--bad-soft); color: var(--bad); }
.head { display: flex; gap: 12px; align-items: center; flex-wrap: wrap; }
dl.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(210px, 1fr)); gap: 10px 20px; margin: 14px 0 0; }
dl.facts dt { color: var(--soft); font-size: 12px; } dl.facts dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: 6px 10px; border-top: 1px solid var(--line); vertical-align: top; }
thead th { border-top: 0; color: var(--soft); font-size: 12px; font-weight: 600; vertical-align: bottom; } thead th.n { white-space: normal; }
th:first-child, td:first-child { padding-left: 0; } th:last-child, td:last-child { padding-right: 0; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; } td.zero { color: var(--soft); }
td.alarm { color: var(--bad); font-weight: 600; } tfoot td { font-weight: 600; }
.bar { display: flex; height: 8px; min-width: 120px; border-radius: 4px; overflow: hidden; background: var(--line); margin-top: 7px; }
.bar i { display: block; height: 100%; } .bar .m { background: var(--bar-migrated); } .bar .q { background: var(--bar-quarantined); }
.bar .o { background: var(--bar-scope); } .bar .u { background: var(--bar-open); }
.legend { font-size: 12px; color: var(--soft); margin-top: 10px; } .legend i { display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin: 0 5px 0 14px; }
.legend i:first-child { margin-left: 0; }
.track { position: relative; height: 14px; background: var(--line); border-radius: 4px; min-width: 220px; margin-top: 4px; }
.track i { position: absolute; top: 0; bottom: 0; background: var(--accent); border-radius: 4px; min-width: 3px; }
ul.problems { margin: 10px 0 0; padding-left: 20px; } ul.problems li { margin: 3px 0; }
details summary { cursor: pointer; color: var(--accent); margin-top: 10px; } footer { color: var(--soft); font-size: 13px; margin-top: 20px; }
@media screen { td > .mono { display: inline-block; min-width: 24ch; } }
@media screen and (max-width: 700px) { table { width: max-content; min-width: 100%; } td { max-width: 40ch; } }
@media print { body { background: #fff; font-size: 11px; } main { max-width: none; padding: 0; } section { break-inside: avoid-page; border-color: #ccc; }
  details > *:not(summary) { display: block; } .bar i, .track i, .badge { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
`;
