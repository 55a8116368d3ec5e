using System.Text.Json.Nodes;

namespace GpuGrad.Web.Tests;

/// <summary>The board's page in a browser.</summary>
public sealed class BoardPageTests(TrainedRuns runs)
{
    [Theory]
    [InlineData(1280, false)]
    [InlineData(420, true)]
    public async Task Every_view_is_shown_without_complaints_and_fits_into_the_window(int width, bool dark)
    {
        await using ShownBoard board = await ShownBoard.Start(runs.Gpugrad.Folder);
        await board.Listed("digits");
        await using Browser browser = await Browser.Open(width, 900, dark);
        foreach ((string view, string wanted) in new[]
        {
            ("curves", "document.querySelectorAll('#view figure:not([hidden]) canvas').length >= 3"),
            ("layers", "document.querySelectorAll('#view figure svg path').length >= 4"),
            ("results", "document.querySelectorAll('.confusion tbody tr').length == 10"),
            ("config", "document.querySelectorAll('#view tbody tr').length > 5 && document.querySelector('#view pre')"),
        })
        {
            await browser.Go($"{board.Client.BaseAddress}?{view}#view={view}&run=table&run=digits&one=digits");
            await browser.Until("document.body.dataset.ready == 'yes'");
            await browser.Until(wanted);
            Assert.True((await browser.Ask("document.documentElement.scrollWidth"))!.GetValue<int>() <= width, $"{view} is wider than the window");
            Assert.Equal(view, (string?)await browser.Ask("document.querySelector('[role=tab][aria-selected=true]').dataset.view"));
        }
        // What a screen reader reads: every control and picture has a name.
        Assert.Equal(0, (await browser.Ask("[...document.querySelectorAll('button, input, select, canvas, svg')].filter(e => !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length)).length"))!.GetValue<int>());
        Assert.Empty(browser.Complaints);
    }

    [Fact]
    public async Task Histograms_show_gradients_and_activations_after_each_epoch()
    {
        await using ShownBoard board = await ShownBoard.Start(runs.Gpugrad.Folder);
        JsonNode run = await board.Listed("digits"), first = (await board.Get($"api/histograms?run={run["key"]}&kind=gradients"))[0]!;
        Assert.Equal(2, first["steps"]!.AsArray().Count);
        await using Browser browser = await Browser.Open(1280, 900, dark: false);
        await browser.Go($"{board.Client.BaseAddress}#view=layers&run=digits&one=digits");
        await browser.Until("document.querySelectorAll('#view .small svg path').length > 0");
        await browser.Ask("[...document.querySelectorAll('#view button')].find(b => b.textContent == 'gradients').click()");
        await browser.Until($"document.querySelector('#view output').textContent == '{first["steps"]![1]!["step"]}, 2 of 2' && document.querySelector('#view .row [aria-pressed=true]').textContent == 'gradients'");
        string newest = (string)(await browser.Ask("document.querySelector('#view .small path').getAttribute('d')"))!;
        await browser.Ask("(() => { const s = document.querySelector('#view input[type=range]'); s.value = 0; s.dispatchEvent(new Event('input')); })()");
        Assert.Equal($"{first["steps"]![0]!["step"]}, 1 of 2", (string?)await browser.Ask("document.querySelector('#view output').textContent"));
        Assert.NotEqual(newest, (string?)await browser.Ask("document.querySelector('#view .small path').getAttribute('d')"));
        await browser.Ask("[...document.querySelectorAll('#view button')].find(b => b.textContent == 'activations').click()");
        await browser.Until("document.querySelector('#view .small figcaption').textContent == '0'");
        Assert.Empty(browser.Complaints);
    }

    [Fact]
    public async Task A_line_that_is_written_is_drawn_and_keys_and_the_pointer_zoom_and_read()
    {
        await using ShownBoard board = await ShownBoard.Start();
        await using Browser browser = await Browser.Open(1280, 900, dark: false);
        await browser.Go(board.Client.BaseAddress!.ToString());
        await browser.Until("document.body.dataset.ready == 'yes'");
        Assert.True((await browser.Ask("!document.querySelector('#start').hidden && document.querySelector('#views').hidden"))!.GetValue<bool>());

        string folder = Path.Combine(board.Folder, "first");
        ShownBoard.Run(folder, 200);
        await browser.Until("document.querySelector('#view canvas')?.getAttribute('aria-label').includes('ends at 0.005')");
        File.AppendAllText(Path.Combine(folder, "metrics.jsonl"), ShownBoard.Line(201, 0.125));
        await browser.Until("document.querySelector('#view canvas').getAttribute('aria-label').includes('ends at 0.125')");

        string press(string key) => $"document.querySelector('#view canvas').dispatchEvent(new KeyboardEvent('keydown', {{ key: '{key}' }}))";
        await browser.Ask(press("End"));
        Assert.Contains("step 201", (string?)await browser.Ask("document.querySelector('#view .tip').textContent"), StringComparison.Ordinal);
        Assert.Contains("0.125", (string?)await browser.Ask("document.querySelector('#view .tip').textContent"), StringComparison.Ordinal);
        await browser.Ask(press("+"));
        await browser.Until("!document.querySelector('#view figcaption button').hidden");
        await browser.Ask(press("Escape"));
        await browser.Until("document.querySelector('#view figcaption button').hidden");
        Assert.Empty(browser.Complaints);
    }

    [Fact]
    public async Task A_served_model_can_be_tried_on_its_page()
    {
        await using Served served = await Served.Start(runs.Gpugrad["table"]);
        await using Browser browser = await Browser.Open(420, 900, dark: true);
        await browser.Go(served.Client.BaseAddress!.ToString());
        await browser.Until("document.querySelectorAll('#columnlist tr').length == 3");
        await browser.Ask("document.querySelector('#json button').click()");
        await browser.Until("document.querySelectorAll('#answer meter').length == 2");
        await browser.Ask("document.querySelector('#body').value = '{'; document.querySelector('#json button').click()");
        await browser.Until("document.querySelector('#answer .bad')?.textContent.startsWith('400: the body is not JSON')");
        Assert.True((await browser.Ask("document.documentElement.scrollWidth"))!.GetValue<int>() <= 420);
        // The wrong body that was asked for is the one complaint.
        Assert.All(browser.Complaints, c => Assert.Contains("400", (string?)JsonNode.Parse(c)!["entry"]!["text"], StringComparison.Ordinal));
    }
}
