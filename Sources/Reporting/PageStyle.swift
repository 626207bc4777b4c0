/// The page's style sheet. Holds neither `<` nor `&`, so that the page stays well-formed XML.
enum PageStyle {
  static let css =
    """

    :root { --ink: #1c2530; --soft: #4a5561; --line: #dde2e8; --wash: #f5f7f9; --accent: #0072b2; }
    * { box-sizing: border-box; }
    body { margin: 0; color: var(--ink); background: #fff;
      font: 15px/1.55 system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; }
    header, main { max-width: 1280px; margin: 0 auto; padding: 0 26px; }
    header { padding-top: 40px; }
    h1 { font-size: 34px; line-height: 1.2; margin: 2px 0 4px; letter-spacing: -0.01em; overflow-wrap: anywhere; }
    h2 { font-size: 23px; line-height: 1.3; margin: 0 0 6px; }
    h3 { font-size: 16.5px; margin: 0 0 2px; }
    h4 { font-size: 14px; margin: 0 0 6px; }
    p { margin: 0 0 10px; }
    .kicker { margin: 0; color: var(--accent); font-weight: 600; font-size: 13px; letter-spacing: 0.04em; }
    .count, .lead, figcaption p { color: var(--soft); }
    .lead, figcaption p { max-width: 86ch; }
    .tiles { display: flex; flex-wrap: wrap; gap: 12px; margin: 18px 0 22px; }
    .tile { flex: 1 1 150px; max-width: 270px; border: 1px solid var(--line); border-left: 4px solid var(--tint);
      border-radius: 6px; padding: 10px 14px; }
    .tile strong { font-size: 27px; line-height: 1.1; margin-right: 8px; font-variant-numeric: tabular-nums; }
    .tile .badge { vertical-align: 4px; }
    .tile small { display: block; color: var(--soft); margin-top: 4px; line-height: 1.35; }
    nav { display: flex; flex-wrap: wrap; gap: 4px 20px; border-top: 1px solid var(--line);
      border-bottom: 1px solid var(--line); padding: 9px 0; }
    a { color: var(--accent); text-decoration: none; }
    a:hover { text-decoration: underline; }
    section { padding: 40px 0 24px; }
    section + section { border-top: 1px solid var(--line); }
    figure { margin: 22px 0 34px; }
    .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); gap: 22px 32px;
      margin-top: 12px; align-items: start; }
    .charts svg { display: block; width: 100%; height: auto; max-width: 760px; }
    .legend { list-style: none; margin: 10px 0 0; padding: 8px 12px; background: var(--wash); border-radius: 6px;
      display: flex; flex-wrap: wrap; gap: 3px 18px; font-size: 13px; }
    .legend label { display: inline-flex; align-items: center; gap: 6px; overflow-wrap: anywhere; }
    .legend svg { flex: none; }
    .legend input { display: none; margin: 0; }
    .js .legend input { display: inline-block; }
    .legend button { font: inherit; color: var(--accent); background: none; border: 0; padding: 0; cursor: pointer; }
    .key span { margin-right: 18px; font-size: 13px; font-weight: 600; }
    .statuses { display: flex; gap: 8px; margin: 8px 0 0; }
    .badge { display: inline-block; border-radius: 9px; padding: 0 8px; font-size: 12px; line-height: 18px;
      font-weight: 600; white-space: nowrap; color: #fff; background: var(--tint); }
    .badge + .badge { margin-left: 4px; }
    \(ReportStatus.allCases.map { ".\($0.rawValue) { --tint: \($0.color); }" }.joined(separator: "\n"))
    .badge.pending, .badge.running { color: var(--tint); background: #fff; box-shadow: inset 0 0 0 1px var(--tint); }
    .scroll { overflow-x: auto; margin-top: 14px; border: 1px solid var(--line); border-radius: 6px; }
    table { border-collapse: collapse; width: 100%; font-size: 12.5px; line-height: 1.4; }
    th, td { padding: 5px; text-align: left; white-space: nowrap; border-bottom: 1px solid #eceff2; }
    tbody tr:last-child > * { border-bottom: 0; }
    tbody tr:hover > * { background: var(--wash); }
    thead th, thead td { background: var(--wash); border-bottom: 1px solid var(--line); vertical-align: bottom; }
    tbody th { font-weight: 600; position: sticky; left: 0; background: #fff; }
    .number { text-align: right; font-variant-numeric: tabular-nums; }
    .published { color: var(--soft); }
    .published.first { border-left: 1px solid var(--line); }
    th.published[colspan] { text-align: center; font-weight: 600; border-bottom: 0; }
    thead tr:first-child:not(:last-child) td { border-bottom: 0; }
    th button { font: inherit; font-weight: 600; color: inherit; background: none; border: 0; padding: 0;
      cursor: pointer; text-align: inherit; }
    thead th { white-space: normal; font-size: 11.5px; }
    td small { color: var(--soft); font-size: 10.5px; }
    td .badge { padding: 0 7px; font-size: 11px; line-height: 17px; }
    svg:has(g.s:hover) g.s:not(:hover) { opacity: 0.25; }
    .js th button:hover { color: var(--accent); }
    .js th[aria-sort=ascending] button { color: var(--accent); box-shadow: 0 -2px var(--accent); }
    .js th[aria-sort=descending] button { color: var(--accent); box-shadow: 0 2px var(--accent); }
    details { border-top: 1px solid var(--line); padding: 8px 0; }
    summary { cursor: pointer; font-weight: 600; }
    .shared { columns: 3 300px; column-gap: 40px; margin-top: 10px; }
    .shared > div { break-inside: avoid; margin-bottom: 18px; }
    dl { margin: 8px 0 18px; display: grid; grid-template-columns: minmax(130px, max-content) 1fr; gap: 2px 20px;
      font-size: 13.5px; }
    dt { grid-column: 1; color: var(--soft); overflow-wrap: anywhere; }
    dd { grid-column: 2; margin: 0; overflow-wrap: anywhere; white-space: pre-line; }
    :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
    @media (max-width: 640px) { header, main { padding: 0 16px; } h1 { font-size: 26px; } }
    @page { size: A4 landscape; margin: 12mm; }
    @media print {
      header, main { padding: 0; }
      body { font-size: 11px; }
      nav, .legend input, .legend button, .legend button { display: none !important; }
      .charts { grid-template-columns: 1fr 1fr; gap: 12px 18px; }
      .charts svg, tr, .legend { break-inside: avoid; }
      h2, h3, figcaption { break-after: avoid; }
      .badge { border: 1px solid #1c2530; }
      .scroll { overflow: visible; border: 0; }
      table, thead th, td small, td .badge { font-size: 8.5px; }
      th, td { padding: 2px 4px; }
    }

    """
}
