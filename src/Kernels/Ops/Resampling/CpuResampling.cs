using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Resampling;

/// <summary>The CPU's resampling, one plane per worker: rows are interpolated in vectors, then columns one by one from tables.</summary>
internal sealed unsafe class CpuResampling(CpuBinding b, ResampledImage z)
{
    private const int Grain = 4096;

    private readonly delegate*<float*, float*, float, int, float*, void> mix = Simd.Is512 ? &Mix<V512> : Simd.Is256 ? &Mix<V256> : &Mix<V128>;
    private readonly delegate*<float*, float, int, float*, void> add = Simd.Is512 ? &Add<V512> : Simd.Is256 ? &Add<V256> : &Add<V128>;

    /// <summary>Adds the phase y = x resampled.</summary>
    public void AddForward(float* x, float* y)
    {
        AxisTable rows = AxisTable.Of(b, z.Rows), columns = AxisTable.Of(b, z.Columns);
        WorkerScratch mixed = b.ScratchOfWorkers(z.Columns.In);
        b.Parallel(z.Planes, (begin, end, worker) =>
        {
            for (int plane = begin; plane < end; plane++)
                Plane(x + ((long)plane * z.Rows.In * z.Columns.In), rows, columns, mixed.Of(worker), y + ((long)plane * z.Rows.Out * z.Columns.Out));
        }, grain: Math.Max(1, Grain / (z.Rows.Out * z.Columns.Out)));
    }

    /// <summary>Adds the phase dx = the gradient of the resampling.</summary>
    public void AddBackward(float* dy, float* dx)
    {
        ReaderTable rows = ReaderTable.Of(b, z.Rows), columns = ReaderTable.Of(b, z.Columns);
        WorkerScratch sums = b.ScratchOfWorkers(z.Columns.Out);
        b.Parallel(z.Planes, (begin, end, worker) =>
        {
            for (int plane = begin; plane < end; plane++)
                Gather(dy + ((long)plane * z.Rows.Out * z.Columns.Out), rows, columns, sums.Of(worker), dx + ((long)plane * z.Rows.In * z.Columns.In));
        }, grain: Math.Max(1, Grain / (z.Rows.Out * z.Columns.Out)));
    }

    private void Plane(float* x, AxisTable rows, AxisTable columns, float* mixed, float* y)
    {
        int width = z.Columns.In, result = z.Columns.Out;
        for (int p = 0; p < z.Rows.Out; p++, y += result)
        {
            float* row = x + ((long)rows.Place[p] * width), next = x + ((long)rows.Next[p] * width);
            // The row above has the same source: nearest, or a border.
            if (p > 0 && rows.Place[p] == rows.Place[p - 1] && rows.Share[p] == rows.Share[p - 1])
            {
                new ReadOnlySpan<float>(y - result, result).CopyTo(new Span<float>(y, result));
                continue;
            }
            if (rows.Share[p] != 0)
            {
                mix(row, next, rows.Share[p], width, mixed);
                row = mixed;
            }
            if (z.Columns.Linear == 0)
            {
                for (int q = 0; q < result; q++)
                    y[q] = row[columns.Place[q]];
                continue;
            }
            for (int q = 0; q < result; q++)
            {
                float left = row[columns.Place[q]];
                y[q] = left + (columns.Share[q] * (row[columns.Next[q]] - left));
            }
        }
    }

    private void Gather(float* dy, ReaderTable rows, ReaderTable columns, float* sums, float* dx)
    {
        int width = z.Columns.Out;
        for (int h = 0; h < z.Rows.In; h++, dx += z.Columns.In)
        {
            new Span<float>(sums, width).Clear();
            for (int i = rows.Begin[h]; i < rows.Begin[h + 1]; i++)
                add(dy + ((long)(rows.First[h] + i - rows.Begin[h]) * width), rows.Weight[i], width, sums);
            for (int w = 0; w < z.Columns.In; w++)
            {
                float* from = sums + columns.First[w];
                int begin = columns.Begin[w], count = columns.Begin[w + 1] - begin;
                float sum = 0;
                for (int i = 0; i < count; i++)
                    sum += columns.Weight[begin + i] * from[i];
                dx[w] = sum;
            }
        }
    }

    // to = row + share·(next - row).
    private static void Mix<V>(float* row, float* next, float share, int count, float* to) where V : struct, IVector<V>
    {
        V part = V.Of(share);
        int i = 0;
        for (; i <= count - V.Lanes; i += V.Lanes)
        {
            V first = V.Load(row + i);
            V.Fma(part, V.Load(next + i) - first, first).Store(to + i);
        }
        for (; i < count; i++)
            to[i] = MathF.FusedMultiplyAdd(share, next[i] - row[i], row[i]);
    }

    // sums += weight·row.
    private static void Add<V>(float* row, float weight, int count, float* sums) where V : struct, IVector<V>
    {
        V factor = V.Of(weight);
        int i = 0;
        for (; i <= count - V.Lanes; i += V.Lanes)
            V.Fma(factor, V.Load(row + i), V.Load(sums + i)).Store(sums + i);
        for (; i < count; i++)
            sums[i] = MathF.FusedMultiplyAdd(weight, row[i], sums[i]);
    }

    /// <summary>Source position of each new position, and the weight of the one after it.</summary>
    private readonly struct AxisTable(int* table, int length)
    {
        public int* Place => table;

        public int* Next => table + length;

        public float* Share => (float*)(table + (2 * length));

        public static AxisTable Of(CpuBinding b, ResampledAxis axis)
        {
            int[] places = [.. Enumerable.Range(0, axis.Out).Select(axis.Place)];
            IEnumerable<int> shares = Enumerable.Range(0, axis.Out).Select(d => BitConverter.SingleToInt32Bits(axis.Share(d)));
            return new AxisTable(b.Table([.. places, .. places.Select(axis.Next), .. shares]), axis.Out);
        }
    }

    /// <summary>For each old position, the range of new ones that read it, and their weights.</summary>
    private readonly struct ReaderTable(int* table, int length)
    {
        public int* First => table;

        public int* Begin => table + length;

        public float* Weight => (float*)(table + (2 * length) + 1);

        public static ReaderTable Of(CpuBinding b, ResampledAxis axis)
        {
            int[] old = [.. Enumerable.Range(0, axis.In)], first = [.. old.Select(axis.First)];
            float[][] weights = [.. old.Select(h => Enumerable.Range(first[h], axis.End(h) - first[h]).Select(d => axis.Weight(d, h)).ToArray())];
            var begins = new int[axis.In + 1];
            foreach (int h in old)
                begins[h + 1] = begins[h] + weights[h].Length;
            return new ReaderTable(b.Table([.. first, .. begins, .. weights.SelectMany(w => w).Select(BitConverter.SingleToInt32Bits)]), axis.In);
        }
    }
}
