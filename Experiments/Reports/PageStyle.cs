using OrleansDDM.Experiments.Reports.Charts;

namespace OrleansDDM.Experiments.Reports;

/// <summary>The style sheet of all reports: phone to desktop, light and dark, screen and paper. It must hold none of &lt;, &gt;, &amp;.</summary>
internal static class PageStyle
{
    private const string Body =
        """
        * { box-sizing: border-box }
        html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth }
        body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif }
        header, main { max-width: 73rem; margin: 0 auto; padding: 0 1.25rem }
        header { padding-top: 2rem }
        h1 { font-size: 2rem; line-height: 1.15; margin: 0 0 .5rem; overflow-wrap: anywhere }
        h2 { font-size: 1.3rem; margin: 0 0 .75rem }
        h3 { font-size: 1.05rem; margin: 1.5rem 0 .5rem }
        p { margin: .5rem 0; max-width: 46rem }
        .kicker { margin: 0; color: var(--soft); font-size: .85rem; letter-spacing: .04em }
        .soft, figcaption, caption { color: var(--soft); font-size: .88rem }
        a { color: var(--link) }
        code, pre, .hash { font-family: ui-monospace, "Cascadia Mono", "DejaVu Sans Mono", monospace; font-size: .86em; overflow-wrap: anywhere }
        nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin: 1.25rem 0 1.5rem; font-size: .92rem }
        section { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 1.25rem; margin: 0 0 1.25rem }
        .facts { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.25rem; margin: .75rem 0 0; font-size: .95rem }
        .facts dt { color: var(--soft) }
        .facts dd { margin: 0; overflow-wrap: anywhere }
        .cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr)); gap: 1rem; margin: 0 }
        .cards div { border-left: 3px solid var(--c0); padding: .1rem 0 .1rem .9rem }
        .cards dt { color: var(--soft); font-size: .88rem }
        .cards dd { margin: 0 }
        .cards .big { font-size: 1.65rem; font-weight: 650; line-height: 1.25; overflow-wrap: anywhere }
        .cards .note { font-size: .86rem; color: var(--soft) }
        .gallery { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1.25rem; align-items: start; margin: 1rem 0 }
        .gallery.small { grid-template-columns: repeat(auto-fill, minmax(min(100%, 14rem), 1fr)) }
        figure { margin: 0; min-width: 0 }
        figcaption { margin-top: .35rem }
        .gallery figcaption { margin: 0 0 .35rem }
        .gallery figure { display: flex; flex-direction: column-reverse; justify-content: flex-end }
        img { display: block; max-width: 100%; height: auto; border-radius: 4px }
        svg { display: block; width: 100%; height: auto; max-width: 30rem }
        .small svg { max-width: 19rem }
        svg text { font-size: 11px; fill: var(--text) }
        svg .name { fill: var(--soft) }
        svg .label { fill: var(--c); font-weight: 600 }
        svg .ink { fill: var(--i) }
        .grid { stroke: var(--rule); stroke-width: 1 }
        .axis { stroke: var(--soft); stroke-width: 1 }
        .line { fill: none; stroke: var(--c); stroke-width: 1.8; stroke-linejoin: round }
        .faint { stroke-width: .8; opacity: .4 }
        .mark { stroke: var(--text); stroke-width: 1.4; stroke-dasharray: 4 3 }
        .dot, .fill { fill: var(--c) }
        .fill { stroke: var(--card); stroke-width: .6 }
        .heat { stroke: none }
        .frame { fill: none; stroke: var(--rule) }
        .key { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1rem; padding: 0; margin: .75rem 0; font-size: .9rem }
        .key li { display: flex; align-items: center; gap: .4rem }
        .chip { width: .85rem; height: .85rem; border-radius: 3px; background: var(--c) }
        .scroll { overflow-x: auto; margin: 1rem 0 }
        table { border-collapse: collapse; min-width: min(100%, 22rem); font-size: .87rem; font-variant-numeric: tabular-nums }
        caption { text-align: left; padding-bottom: .4rem }
        caption span { display: inline-block; position: sticky; left: 0; max-width: calc(100vw - 4rem) }
        th, td { padding: .35rem .55rem; border-bottom: 1px solid var(--rule); text-align: right; white-space: nowrap; vertical-align: middle }
        thead th { color: var(--soft); font-weight: 500; font-size: .84rem; vertical-align: bottom; white-space: normal; line-height: 1.25 }
        th:first-child { text-align: left; position: sticky; left: 0; background: var(--card) }
        tbody th { font-weight: 600 }
        td svg { width: 4.5rem; display: inline-block; vertical-align: middle }
        .badge { display: inline-block; margin-left: .5rem; padding: 0 .45rem; border: 1px solid var(--soft); border-radius: 999px; color: var(--soft); font-size: .74rem; font-weight: 500 }
        .best { font-weight: 700; color: var(--c0) }
        details { margin: .75rem 0 0 }
        summary { cursor: pointer; color: var(--link); font-size: .92rem }
        pre { background: var(--page); border: 1px solid var(--rule); border-radius: 6px; padding: .9rem; overflow-x: auto; white-space: pre-wrap }
        @media (max-width: 40rem) {
          header, main { padding-left: .75rem; padding-right: .75rem }
          section { padding: 1rem .85rem }
          h1 { font-size: 1.6rem }
          .facts { grid-template-columns: 1fr; gap: 0 }
          .facts dd { margin-bottom: .4rem }
        }
        @media print {
          body { background: #fff; font-size: 10.5pt }
          header, main { max-width: none; padding: 0 }
          section { border: 0; padding: 0 0 1rem; border-radius: 0 }
          nav { display: none }
          figure, tr, .cards div { break-inside: avoid }
          h2, h3, caption { break-after: avoid }
          .scroll { overflow: visible }
          .scroll table { font-size: 7.5pt }
          th, td { padding: .2rem .35rem }
          details::details-content { content-visibility: visible; height: auto }
          * { print-color-adjust: exact; -webkit-print-color-adjust: exact }
        }

        """;

    /// <summary>The style sheet.</summary>
    public static string Sheet { get; } =
        ":root{--page:#f5f6f8;--card:#fff;--text:#16191d;--soft:#5a626c;--rule:#dde1e6;--link:#0b62a0;" + ChartPalette.Variables(dark: false) + "}\n"
        + "@media screen and (prefers-color-scheme:dark){:root{--page:#111418;--card:#1a1e24;--text:#e8ebef;--soft:#a3abb5;--rule:#343b44;--link:#7cc0f2;"
        + ChartPalette.Variables(dark: true) + "}}\n" + Body + ChartPalette.Rules();
}
