using TorchSharp;

namespace OrleansDDM.Learning.Models;

/// <summary>
/// Constants as scalars that are never collected. TorchSharp 0.107 makes a <see cref="Scalar"/> of every number that is passed to a
/// tensor operation, reads its handle, and does not keep it alive: a collection during the native call frees it under the
/// operation's hands. So numbers never go to tensor operations bare: constants come from here, others live in a
/// <c>using Scalar</c> around the call. <c>add</c>, and so <c>+</c>, makes one for an <c>alpha</c> that is left out, so it is always given.
/// </summary>
public static class Scalars
{
    /// <summary>1.</summary>
    public static readonly Scalar One = 1f;

    /// <summary>1000.</summary>
    public static readonly Scalar Thousand = 1000f;
}
