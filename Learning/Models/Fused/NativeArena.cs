using System.Runtime.InteropServices;

namespace OrleansDDM.Learning.Models.Fused;

/// <summary>Zeroed native memory for float arrays that live as long as the arena. Each starts on a cache line and has a cache line of slack behind it.</summary>
internal sealed unsafe class NativeArena : IDisposable
{
    private const int Line = 64;

    private readonly List<IntPtr> _blocks = [];

    /// <summary>Frees the arrays.</summary>
    ~NativeArena() => Free();

    /// <summary>A new array of <paramref name="length"/> zeros.</summary>
    public float* Allocate(long length)
    {
        nuint bytes = checked((nuint)length * sizeof(float) + 2 * Line);
        void* block = NativeMemory.AlignedAlloc(bytes, Line);
        NativeMemory.Clear(block, bytes);
        _blocks.Add((IntPtr)block);
        return (float*)block;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        foreach (IntPtr block in _blocks)
        {
            NativeMemory.AlignedFree((void*)block);
        }

        _blocks.Clear();
    }
}
