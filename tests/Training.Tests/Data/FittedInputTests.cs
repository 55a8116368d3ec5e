using System.Text.Json;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Tests.Data;

/// <summary>What training learned of its data travels with the weights; metadata that does not fit together is refused.</summary>
public sealed class FittedInputTests : TrainedPipelines
{
    [Fact]
    public void What_training_learned_travels_with_the_weights()
    {
        Trained(Table, TableData);
        LoadedConfig loaded = Config(TableData, 2, "softmax-cross-entropy");
        ModelCard card = ModelCard.Of(loaded, TrainingData.Load(loaded.Config, new DataContext(folder.Path, 1)));
        ModelCard again = ModelCard.FromMetadata("w", card.ToMetadata());
        Assert.Equal(JsonSerializer.Serialize(card.Input.Columns!.Columns), JsonSerializer.Serialize(again.Input.Columns!.Columns));
        Assert.Equal((true, false), (again.Input.Columns.Named, again.Input.Bytes));
        Assert.Equal(card.Normalization.Centre, again.Normalization.Centre);
        Assert.Equal(card.Input.Fingerprint, again.Input.Fingerprint);
        Assert.Equal(["cat", "dog"], again.ClassNames!);
    }

    [Fact]
    public void Old_weights_without_the_fitted_input_still_scale_numbers()
    {
        ModelCard card = ModelCard.FromMetadata("w", new Dictionary<string, string>
        {
            ["gpugrad.config"] = "",
            ["gpugrad.shape"] = "[2,3,0]",
            ["gpugrad.scale"] = "[0.5,4]",
            ["gpugrad.shift"] = "[-1,8]",
        });
        Assert.Equal([2.0, -2], card.Normalization.Centre);
        Assert.Equal([-1.0, 8], card.Normalization.Shift);
    }

    [Theory]
    [InlineData("gpugrad.scale", "[1]")]
    [InlineData("gpugrad.centre", "[1,2,3]")]
    [InlineData("gpugrad.classes", "[\"a\"]")]
    [InlineData("gpugrad.columns", "{}")]
    [InlineData("gpugrad.columns", "{\"columns\":[{\"name\":\"a\",\"role\":\"feature\"}],\"named\":true,\"targets\":[]}")]
    [InlineData("gpugrad.columns", "{\"columns\":[{\"name\":\"a\",\"role\":\"other\"}],\"named\":true,\"targets\":[]}")]
    [InlineData("gpugrad.columns", "{\"columns\":null,\"named\":true,\"targets\":[]}")]
    [InlineData("gpugrad.columns", "{\"columns\":[{\"name\":\"a\",\"role\":\"feature\",\"fit\":{\"type\":\"number\",\"fill\":[1,2]}},{\"name\":\"b\",\"role\":\"feature\"}],\"named\":true,\"targets\":[]}")]
    [InlineData("gpugrad.columns", "{\"columns\":[{\"name\":\"a\",\"role\":\"feature\",\"fit\":{\"type\":\"category\"}},{\"name\":\"b\",\"role\":\"feature\"}],\"named\":true,\"targets\":[]}")]
    [InlineData("gpugrad.columns", "{\"columns\":[{\"name\":\"a\",\"role\":\"feature\",\"fit\":{\"type\":\"category\",\"categories\":[null]}}],\"named\":true,\"targets\":[]}")]
    [InlineData("gpugrad.columns", "{\"columns\":[{\"name\":\"a\",\"role\":\"feature\",\"fit\":{\"type\":\"category\",\"categories\":[\"x\"],\"fill_category\":\"y\"}}],\"named\":true,\"targets\":[]}")]
    [InlineData("gpugrad.columns", "{\"columns\":[{\"name\":\"a\",\"role\":\"feature\",\"fit\":{\"type\":\"date\",\"parts\":[\"year\",\"month\"],\"fill\":[1]}}],\"named\":true,\"targets\":[]}")]
    [InlineData("gpugrad.columns", "{\"columns\":[{\"name\":\"a\",\"role\":\"feature\",\"fit\":{\"type\":\"text\",\"fill\":[1]}},{\"name\":\"b\",\"role\":\"feature\"}],\"named\":true,\"targets\":[]}")]
    [InlineData("gpugrad.target_scale", "[1]")]
    public void Metadata_that_does_not_fit_together_is_refused(string key, string value)
    {
        Trained(Table, TableData);
        LoadedConfig loaded = Config(TableData, 2, "softmax-cross-entropy");
        var metadata = ModelCard.Of(loaded, TrainingData.Load(loaded.Config, new DataContext(folder.Path, 1))).ToMetadata().ToDictionary();
        metadata[key] = value;
        Assert.Contains("does not describe a model of GpuGrad", Refusal(() => ModelCard.FromMetadata("w", metadata)), StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluating_on_changed_data_keeps_the_classes_and_columns_of_the_training()
    {
        LoadedConfig loaded = Config(TableData, 2, "softmax-cross-entropy");
        folder.Write("train.csv", Table);
        var fitted = FittedInput.Of(TrainingData.Load(loaded.Config, new DataContext(folder.Path, 1)));
        folder.Write("train.csv", "width,id,height,kind\n8,u,7,dog\n6,u,9,dog\n");
        TrainingData data = TrainingData.Load(loaded.Config, new DataContext(folder.Path, 1) { Fitted = fitted });
        Assert.Equal([1, 1], data.Train.Labels!);
        Assert.Equal([7, 8, 9, 6], Numbers(data.Train));
        Assert.Equal(fitted.Normalization, data.Normalization);
        Assert.Contains("not the data that the network was trained on", Assert.Single(data.Notes), StringComparison.Ordinal);
    }
}
