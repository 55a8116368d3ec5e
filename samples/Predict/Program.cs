using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Tools;

// dotnet run -- MODEL FILE…
// MODEL: a run folder or a .safetensors file. FILE: a picture or a table such as it was trained on.
using TrainedModel model = TrainedModel.Open(args[0]);
using Device device = DeviceCatalog.Open("auto");
var predictor = new Predictor(model.Config, model.Card, model.Load);
foreach (string file in args[1..])
{
    foreach (Prediction p in predictor.Predict(model.Input().Read(file), device))
        Console.WriteLine(p.Label is int label ? $"{file}: {p.Name ?? $"class {label}"}, {p.Values[label]:P1}" : $"{file}: {string.Join(", ", p.Values)}");
}
