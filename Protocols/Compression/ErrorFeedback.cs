namespace OrleansDDM.Protocols.Compression;

/// <summary>
/// Error feedback (Seide et al. 2014; Karimireddy et al., ICML 2019): what compression left out of one update is added to the next,
/// so that nothing is lost for good, only late. Pure.
/// </summary>
public static class ErrorFeedback
{
    /// <summary>Compresses update + residual.</summary>
    /// <param name="update">The update.</param>
    /// <param name="residual">What earlier ones left out; empty = nothing yet.</param>
    /// <param name="options">How.</param>
    /// <exception cref="ArgumentException">The lengths differ, or an element is not finite.</exception>
    public static Compressed Compress(ReadOnlySpan<float> update, ReadOnlySpan<float> residual, CompressionOptions options)
    {
        if (residual.Length != 0 && residual.Length != update.Length)
        {
            throw new ArgumentException($"The residual has {residual.Length} elements, the update {update.Length}.", nameof(residual));
        }

        float[] wanted = update.ToArray();
        for (int i = 0; i < residual.Length; i++)
        {
            wanted[i] += residual[i];
        }

        byte[] bytes = UpdateCodec.Encode(wanted, options);
        float[] decoded = UpdateCodec.Decode(bytes, wanted.Length);
        for (int i = 0; i < wanted.Length; i++)
        {
            wanted[i] -= decoded[i];
        }

        return new Compressed(bytes, decoded, wanted);
    }
}

/// <summary>A compressed update.</summary>
/// <param name="Bytes">What is sent.</param>
/// <param name="Decoded">What the receiver makes of it.</param>
/// <param name="Residual">What was left out: update + old residual − decoded.</param>
public readonly record struct Compressed(byte[] Bytes, float[] Decoded, float[] Residual);
