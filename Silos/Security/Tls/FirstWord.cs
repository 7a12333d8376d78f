using System.Buffers;
using System.IO.Pipelines;

namespace OrleansDDM.Silos.Security.Tls;

/// <summary>What a connection says first: a TLS record, or a greeting of Orleans. The two begin differently, so that each side can be told what the other lacks.</summary>
internal static class FirstWord
{
    // Record types and the major version that stands behind them: RFC 8446 §5.1.
    private const byte Alert = 21;
    private const byte Handshake = 22;
    private const byte Version = 3;
    private const int Bytes = 2;

    /// <summary>What a side with TLS answers to one without: a fatal alert "protocol_version" (RFC 8446 §6).</summary>
    public static ReadOnlyMemory<byte> Refusal { get; } = new byte[] { Alert, Version, 3, 0, 2, 2, 70 };

    /// <summary>Whether the other side opens with TLS; null = it says nothing. What it says stays in the pipe.</summary>
    public static async Task<bool?> IsTlsAsync(PipeReader input, CancellationToken cancellation)
    {
        ReadResult read = await input.ReadAtLeastAsync(Bytes, cancellation);
        bool? tls = read.Buffer.Length < Bytes ? null : read.Buffer.Slice(0, Bytes).ToArray() is [Handshake, Version];
        input.AdvanceTo(read.Buffer.Start);
        return tls;
    }

    /// <summary>Whether it is the beginning of <see cref="Refusal"/>.</summary>
    public static bool IsRefusal(ReadOnlySpan<byte> word) => word is [Alert, Version, ..];
}
