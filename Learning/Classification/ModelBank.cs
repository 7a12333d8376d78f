using OrleansDDM.Learning.Models.Fused;

namespace OrleansDDM.Learning.Classification;

/// <summary>
/// Flat models of one length as rows of native matrices: the stacked vectors that many peers are trained and mixed on. Rows are rented
/// and returned; a rented row holds whatever was there. Not thread-safe; different rows may be worked on at the same time.
/// </summary>
public sealed unsafe class ModelBank : IDisposable
{
    private const int Lanes = 16;

    private readonly NativeArena _arena = new();
    private readonly List<IntPtr> _rows = [];
    private readonly Stack<int> _free = [];
    private readonly int _slab;

    /// <summary>Makes a bank.</summary>
    /// <param name="length">Parameters of a model.</param>
    /// <param name="slab">Rows that are allocated at once, and lie at equal distances in the order in which they are first rented.</param>
    public ModelBank(int length, int slab = 32)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(slab);
        (Length, _slab) = (length, slab);

        // Vector kernels read, and write back unchanged, up to a vector behind a row's end: that must be no other model's.
        Stride = ((length + Lanes - 1) / Lanes * Lanes) + Lanes;
    }

    /// <summary>Parameters of a model.</summary>
    public int Length { get; }

    /// <summary>Rows in use.</summary>
    public int Rented => _rows.Count - _free.Count;

    /// <summary>Distance of neighbouring rows of a slab, in floats.</summary>
    internal int Stride { get; }

    /// <summary>A row of its own, with undefined contents.</summary>
    public int Rent()
    {
        if (_free.Count == 0)
        {
            float* slab = _arena.Allocate((long)_slab * Stride);
            for (int i = _slab - 1; i >= 0; i--)
            {
                _free.Push(_rows.Count + i);
            }

            _rows.AddRange(Enumerable.Range(0, _slab).Select(i => (IntPtr)(slab + ((long)i * Stride))));
        }

        return _free.Pop();
    }

    /// <summary>Gives a row back.</summary>
    public void Return(int row) => _free.Push(row);

    /// <summary>A row.</summary>
    public Span<float> Row(int row) => new(At(row), Length);

    /// <inheritdoc/>
    public void Dispose() => _arena.Dispose();

    /// <summary>First value of a row.</summary>
    internal float* At(int row) => (float*)_rows[row];
}
