namespace GpuGrad.Training.Exchange.Onnx.Import;

/// <summary>Takes out what one layer does and the next undoes: shapes that nothing looks at.</summary>
internal static class Tidy
{
    /// <param name="layers">Read layers; changed.</param>
    public static void Up(List<ImportedLayer> layers)
    {
        foreach (ImportedLayer layer in layers)
        {
            foreach (List<ImportedLayer> path in layer.Paths ?? [])
                Up(path);
        }
        for (int i = 0; i < layers.Count; i++)
        {
            // The last of several shapes is what counts.
            while (IsShape(layers[i]) && i + 1 < layers.Count && IsShape(layers[i + 1]))
                layers.RemoveAt(i);
            // Behind a global pooling there is a row already.
            if (layers[i].Kind == "flatten" && i > 0 && layers[i - 1].Kind is "global-avgpool" or "global-maxpool")
                layers.RemoveAt(i--);
        }
    }

    private static bool IsShape(ImportedLayer layer) => layer.Kind is "flatten" or "reshape";
}
