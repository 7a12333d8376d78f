namespace OrleansDDM.Learning.Models.Fused;

/// <summary>The four linear layers of one DiT block.</summary>
internal sealed class FusedBlockLayers(ModelVector vector, int block, NativeArena arena)
{
    /// <summary>(d) to queries, keys and values, (3 d).</summary>
    public FusedLinear Qkv { get; } = new(vector, $"blocks.{block}.qkv", arena);

    /// <summary>Attention's output projection, (d) to (d).</summary>
    public FusedLinear Project { get; } = new(vector, $"blocks.{block}.project", arena);

    /// <summary>(d) to (4 d).</summary>
    public FusedLinear Up { get; } = new(vector, $"blocks.{block}.up", arena);

    /// <summary>(4 d) to (d).</summary>
    public FusedLinear Down { get; } = new(vector, $"blocks.{block}.down", arena);

    /// <summary>Takes over the current weights.</summary>
    public void Load()
    {
        Qkv.Load();
        Project.Load();
        Up.Load();
        Down.Load();
    }
}
