namespace OrleansDDM.Learning.Models.Fused;

/// <summary>Arrays that the blocks of one network share, as each is used within one call only.</summary>
internal sealed unsafe class FusedScratch(int images, int tokens, int width, NativeArena arena)
{
    /// <summary>(images, T, d).</summary>
    public float* Modulated { get; } = arena.Allocate((long)images * tokens * width);

    /// <summary>(images, T, d).</summary>
    public float* Narrow { get; } = arena.Allocate((long)images * tokens * width);

    /// <summary>(images, T, 4 d).</summary>
    public float* Wide { get; } = arena.Allocate((long)images * tokens * 4 * width);
}
