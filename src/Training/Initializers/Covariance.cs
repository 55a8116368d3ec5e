namespace GpuGrad.Training.Initializers;

/// <summary>Covariance of vectors that come one by one, in double (Welford, 1962): it does not suffer from a mean that is large beside the spread.</summary>
/// <param name="size">Numbers of a vector.</param>
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

    /// <summary>The covariance over all that came, symmetric; of fewer than one vector all 0.</summary>
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
