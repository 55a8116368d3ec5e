namespace GpuGrad.Training.Pictures;

/// <summary>The style sheet of every page.</summary>
internal static class StyleSheet
{
    public static string Text { get; } =
        $$"""
        :root { --page: #ffffff; --ink: #1c2024; --soft: #5a6470; --grid: #e4e7eb; --axis: #9aa3ad; --panel: #f7f8fa;
        {{Colors(s => s.Light)}} }
        @media (prefers-color-scheme: dark) { :root { --page: #14171b; --ink: #e8eaed; --soft: #a3abb5; --grid: #2b3138; --axis: #6b7580; --panel: #1b1f24;
        {{Colors(s => s.Dark)}} } }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
        main { max-width: 1240px; margin: 0 auto; padding: 1.2rem clamp(0.8rem, 3vw, 2rem) 3rem; }
        h1 { font-size: 1.6rem; line-height: 1.25; margin: 0.4rem 0 0.8rem; overflow-wrap: anywhere; }
        h2 { font-size: 1.2rem; margin: 2rem 0 0.5rem; }
        main > p { max-width: 46rem; }
        .pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); gap: 1rem; }
        figure { margin: 0 0 1rem; padding: 0.8rem 0.9rem; background: var(--panel); border-radius: 10px; min-width: 0; }
        .pictures figure { margin: 0; }
        figcaption { font-weight: 600; }
        figure.scales > div { max-width: 680px; }
        main > figure.scales { max-width: calc(680px + 1.8rem); }
        figure.scales svg { width: 100%; height: auto; display: block; }
        figure.scrolls > div { overflow-x: auto; }
        figure.scrolls svg { display: block; height: auto; }
        svg text { fill: var(--ink); font-size: 13px; font-family: inherit; }
        svg text.label { fill: var(--soft); }
        @media (max-width: 480px) { figure.scales svg text { font-size: 16px; } }
        .grid { stroke: var(--grid); } .axis { stroke: var(--axis); fill: none; }
        .line { fill: none; stroke-width: 2; stroke-linejoin: round; } .dashed { stroke-dasharray: 6 5; } .faint { stroke-width: 1; opacity: 0.45; }
        .band { opacity: 0.2; } .bar { opacity: 0.35; } .mark { stroke-dasharray: 3 4; stroke-width: 1.5; }
        .trail { fill: none; stroke: #fff; stroke-width: 2; } .stop { fill: #fff; stroke: #000; stroke-width: 0.7; }
        svg text.halo { fill: #fff; paint-order: stroke; stroke: #000; stroke-width: 3px; font-weight: 600; }
        svg text.over { paint-order: stroke; stroke: var(--panel); stroke-width: 3px; }
        .legend { display: flex; flex-wrap: wrap; gap: 0.1rem 1.1rem; margin: 0.2rem 0; font-size: 0.88rem; color: var(--soft); }
        .legend span { display: inline-flex; align-items: center; gap: 0.4rem; }
        .legend svg, .legend i { width: 0.9rem; height: 0.55rem; border-radius: 2px; display: inline-block; }
        .legend .dashed { mask: linear-gradient(90deg, #000 40%, transparent 40% 60%, #000 60%); -webkit-mask: linear-gradient(90deg, #000 40%, transparent 40% 60%, #000 60%); }
        .remark { margin: 0.3rem 0 0; font-size: 0.9rem; color: var(--soft); }
        .table { overflow-x: auto; } table { border-collapse: collapse; font-size: 0.92rem; }
        th, td { text-align: left; padding: 0.25rem 0.9rem 0.25rem 0; border-bottom: 1px solid var(--grid); vertical-align: top; white-space: nowrap; }
        th { color: var(--soft); font-weight: 600; } .number { text-align: right; font-variant-numeric: tabular-nums; }
        td:last-child { white-space: normal; min-width: 16rem; } td.number:last-child { min-width: 0; }
        pre { background: var(--panel); padding: 0.8rem; border-radius: 10px; overflow-x: auto; font-size: 0.85rem; }
        .images { display: flex; flex-wrap: wrap; gap: 0.7rem; } .images figure { padding: 0.5rem; margin: 0; }
        .images img { display: block; width: 84px; height: 84px; object-fit: contain; image-rendering: pixelated; background: #000; } .images figcaption { font-weight: 400; font-size: 0.78rem; max-width: 84px; }
        .images.large img { width: 168px; height: 168px; } .images.large figcaption { max-width: 168px; }
        .gate { fill: var(--page); stroke: var(--axis); stroke-width: 1.2; } .gate.out { stroke-width: 2.4; } .gate.kink { stroke: var(--c3); stroke-width: 2.4; }
        .wire { fill: none; stroke: var(--axis); stroke-width: 1.3; }
        svg text.value { fill: var(--c2); } svg text.gradient { fill: var(--c3); } svg text.small { font-size: 11px; fill: var(--soft); }
        {{string.Join(" ", Enumerable.Range(0, Palette.Count).Select(i => $".s{i} {{ stroke: var(--c{i}); }} .f{i} {{ fill: var(--c{i}); background: var(--c{i}); }}"))}}

        """;

    private static string Colors(Func<(string Light, string Dark), string> shade) => string.Join(" ", Palette.Shades.Select((s, i) => $"--c{i}: {shade(s)};"));
}
