using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Inputs;

namespace GpuGrad.Training.Data.Texts;

/// <summary>Texts for a trained network, as ids of the vocabulary that it was trained with.</summary>
internal static class TextInput
{
    /// <param name="stream">The file.</param>
    /// <param name="name">Its name.</param>
    /// <param name="fitted">What training learned.</param>
    /// <param name="config">How its texts were read.</param>
    /// <param name="answers">Whether it is to be judged.</param>
    /// <param name="note">Told of tokens that training has not seen.</param>
    public static SampleSet Of(Stream stream, string name, FittedInput fitted, TextConfig config, bool answers, Action<string>? note)
    {
        if (!answers)
            throw DataFault.In(name, "a text for a language model, which predicts what comes next", "'gpugrad generate RUN --prompt TEXT', or 'gpugrad eval RUN --data FILE' for its perplexity");
        byte[] text = TextFile.Of(DataFile.Whole(stream, name, TextFile.MostBytes), name, config);
        return new TextStream(config, name, text, null).Windows(fitted.Text!, text, fitted.Shape.Shape[0], "the whole text", note);
    }
}
