using System.Globalization;
using System.Text.RegularExpressions;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Starters;
using GpuGrad.Training.Tests.Data;

namespace GpuGrad.Training.Tests.Docs;

/// <summary>Every config on a page that shows how to do something is read strictly and trains, on small tables such as the page is about.</summary>
public sealed partial class HowToTests : IDisposable
{
    private readonly TempFolder folder = new();

    public static TheoryData<string> Pages => ["table.md", "regression.md", "imbalance.md", "prediction.md", "multi-label.md", "arrays.md"];

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(Pages))]
    public void The_configs_of_a_page_train(string page)
    {
        WriteTables();
        string[] configs = [.. Configs().Matches(Text(page)).Select(m => m.Groups[1].Value)];
        Assert.NotEmpty(configs);
        foreach (string config in configs)
        {
            LoadedConfig loaded = RunConfigFile.Load(folder.Write("c.yaml", config), ["train.epochs=2", "device=cpu", "threads=1"]);
            TrainingData data = TrainingData.Load(loaded.Config, new DataContext(loaded.Folder, loaded.Config.Seed));
            using Device device = DeviceCatalog.Open("cpu", 1);
            using var trainer = new Trainer(loaded.Config, data, device);
            EpochReport final = trainer.Run().Final;
            Assert.True(double.IsFinite(final.Train.Loss) && final.Validation is not null, config);
        }
    }

    [Theory]
    [InlineData("table.md", "customers.csv")]
    [InlineData("arrays.md", "digits.npz")]
    public void A_page_shows_what_init_finds_and_writes(string page, string data)
    {
        WriteTables();
        Starter starter = Starter.Of(Path.Combine(folder.Path, data), null, folder.Path);
        string text = Text(page);
        Assert.Contains("```yaml\n" + starter.Yaml + "```", text, StringComparison.Ordinal);
        foreach ((string label, string found) in starter.Findings)
            Assert.Contains($"\n{label,-10} {found}\n", text, StringComparison.Ordinal);
    }

    private static string Text(string page) => File.ReadAllText(Path.Combine(DocumentFile.Root(), "docs", page)).ReplaceLineEndings("\n");

    private void WriteTables()
    {
        Write("customers.csv", "customer_id,joined,age,plan,calls,monthly_fee,international,churned", 400, i =>
            $"{100200 + i},{2015 + (i % 9)}-{1 + (i % 12):00}-{1 + (i % 28):00},{(i % 29 == 0 ? "" : 18 + (i * 7 % 60))},{"basic,standard,premium".Split(',')[i * 5 % 7 % 3]},{i * 3 % 11},{9.9 + (i % 6 * 5)},{(i % 5 == 0 ? "yes" : "no")},{(i % 4 == 0 ? "yes" : "no")}");
        Write("flats.csv", "area,rooms,district,lift,built,price", 300, i => $"{20 + (i * 13 % 97)},{1 + (i * 13 % 97 / 25)},{"north,south,harbour".Split(',')[i % 3]},{(i % 2 == 0 ? "yes" : "no")},{1900 + (i * 7 % 120)},{90_000 + (i * 13 % 97 * 3100) + (i % 3 * 20_000)}");
        Write("payments.csv", "amount,hour,country,card_present,fraud", 1000, i => $"{(i * 37 % 1000) + 0.5},{i % 24},{"DE,FR,US".Split(',')[i % 3]},{(i % 50 == 0 ? "no" : "yes")},{(i % 50 == 0 ? 1 : 0)}");
        Write("films.csv", "title,length,budget,country,genres", 200, i => $"film {i},{80 + (i * 7 % 60)},{3 + (i * 11 % 40)},{"fr,us,in".Split(',')[i % 3]},{string.Join(';', new[] { "action", "comedy", "drama", "horror", "romance" }.Where((_, g) => (i * (g + 3)) % 7 < 2))}");
        Write("songs.csv", "tempo,length,happy,calm,loud", 200, i => $"{60 + (i * 13 % 120)},{120 + (i * 7 % 180)},{i * 13 % 120 / 60},{(i % 3 == 0 ? "yes" : "no")},{(i % 4 == 0 ? 1 : 0)}");
        Write("labels.csv", "file,labels", 40, i => $"{i:00},{string.Join(' ', new[] { "dog", "car", "tree" }.Where((_, l) => (i >> l) % 2 == 1))}");
        for (int i = 0; i < 40; i++)
            folder.Write($"photos/{i:00}.png", PngWriter.Write(new Picture(16, 16, 3, [.. Enumerable.Range(0, 3 * 256).Select(p => (byte)(((i >> (p % 3)) % 2 * 120) + (p % 80)))])));
        NpzWriter.Save(Path.Combine(folder.Path, "digits.npz"), npz =>
        {
            npz.Add("x", [1797, 8, 8], [.. Enumerable.Range(0, 1797 * 64).Select(i => (byte)(i * 7 % 17))]);
            npz.Add("y", [1797], [.. Enumerable.Range(0, 1797).Select(i => i % 10)]);
        });
        Write("flowers.csv", "length,width,height,kind", 150, i => $"{5 + (i % 3) + (i % 7 * 0.1)},{3 + (i % 5 * 0.1)},{1.4 + (i % 3 * 0.6)},{"aster,lily,rose".Split(',')[i % 3]}");
    }

    private void Write(string name, string names, int rows, Func<int, FormattableString> row) =>
        folder.Write(name, names + "\n" + string.Concat(Enumerable.Range(0, rows).Select(i => row(i).ToString(CultureInfo.InvariantCulture) + "\n")));

    [GeneratedRegex("```yaml\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Configs();
}
