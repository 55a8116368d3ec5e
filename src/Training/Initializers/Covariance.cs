namespace GpuGrad.Training.Initializers;

/// <summary>Running covariance of vectors, in double (Welford, 1962): it keeps its precision if the mean is large compared with the spread.</summary>
/// <param name="size">Length of a vector.</param>
public sealed class Covariance(int size)
{
    private readonly double[] mean = new double[size];
    private readonly double[] before = new double[size];
    private readonly double[,] sum = new double[size, size];
    private long count;

    public void Add(ReadOnlySpan<double> vector)
    {
        count++;
        for (int i = 0; i < size; i++)
        {
            before[i] = vector[i] - mean[i];
            mean[i] += before[i] / count;
        }
        for (int i = 0; i < size; i++)
        {
            double d = vector[i] - mean[i];
            for (int j = 0; j <= i; j++)
                sum[i, j] += d * before[j];
        }
    }

    /// <summary>The covariance of all vectors added so far, symmetric; 0 for none.</summary>
    public double[,] Matrix()
    {
        var matrix = new double[size, size];
        for (int i = 0; i < size; i++)
        {
            for (int j = 0; j <= i; j++)
                matrix[i, j] = matrix[j, i] = sum[i, j] / Math.Max(1, count);
        }
        return matrix;
    }
}
