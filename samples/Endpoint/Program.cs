using System.Text.Json.Serialization;
using GpuGrad;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Data;
using GpuGrad.Training.Tools;

// dotnet run -- MODEL [--urls http://127.0.0.1:5000]
// MODEL: a run folder or a .safetensors file. POST /predict takes a picture, or with Content-Type: text/csv rows of a table.
using TrainedModel model = TrainedModel.Open(args[0]);
using Device device = DeviceCatalog.Open("auto");
using var session = new PredictionSession(model, device, mostAtOnce: 64);

WebApplicationBuilder builder = WebApplication.CreateBuilder(args[1..]);
builder.Services.ConfigureHttpJsonOptions(o => o.SerializerOptions.NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals);
WebApplication app = builder.Build();
app.MapGet("/health", () => new { status = "ok", device = device.Id });
app.MapPost("/predict", async (HttpRequest request) =>
{
    using var body = new MemoryStream();
    await request.Body.CopyToAsync(body);
    body.Position = 0;
    try
    {
        SampleSet samples = request.ContentType == "text/csv" ? model.Input().ReadTable(body, "body.csv") : model.Input().ReadPicture(body.ToArray(), "the body");
        return Results.Ok(Predict(samples).Select(p => new { p.Label, p.Name, p.Values }));
    }
    catch (GpuGradException e)
    {
        return Results.BadRequest(new { error = e.Message });
    }
});
app.Run();

List<Prediction> Predict(SampleSet samples)
{
    var predictions = new List<Prediction>();
    // A session is for one thread at a time.
    lock (session)
    {
        for (int first = 0; first < samples.Count; first += session.MostAtOnce)
            predictions.AddRange(session.Predict([new SamplePart(samples, first, Math.Min(session.MostAtOnce, samples.Count - first))]));
    }
    return predictions;
}
