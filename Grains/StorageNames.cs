namespace OrleansDDM.Grains;

/// <summary>Names that hosts and grains agree on.</summary>
public static class StorageNames
{
    /// <summary>The grain storage provider. The state names under it are <c>run</c>, <c>expert</c>, <c>router</c>, <c>island</c>, <c>hosts</c>, <c>host-plan</c>, <c>peer</c> and
    /// <c>solve</c>: the grain's type is not part of the storage key, so no two classes share a name.</summary>
    public const string Provider = "ddm";
}
