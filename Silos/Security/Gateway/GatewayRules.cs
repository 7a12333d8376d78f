using System.Buffers;
using System.Buffers.Binary;

using Orleans.Runtime;

using OrleansDDM.Silos.Security.Access;

namespace OrleansDDM.Silos.Security.Gateway;

/// <summary>
/// What one client's connection may send. Orleans believes what a message says of its sender, lets clients speak to its system targets, and takes answers
/// from anyone who guesses a number: none of that passes here.
/// </summary>
internal sealed class GatewayRules(GatewayCalls calls)
{
    /// <summary>Bytes of the two lengths before each message.</summary>
    public const int LengthBytes = 8;

    /// <summary>Longest header of a client's message.</summary>
    public const int MaxHeader = 64 * 1024;

    /// <summary>Longest body of a client's message.</summary>
    public const int MaxBody = 8 * 1024 * 1024;

    private static readonly GrainType Manifest = GrainType.Create(GrainTypePrefix.SystemTargetPrefix + "manifest");

    private string? _client;

    /// <summary>Reads the lengths of a message.</summary>
    /// <exception cref="GatewayException">They are out of range.</exception>
    public static (int Header, int Body) Lengths(ReadOnlySpan<byte> bytes)
    {
        int header = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        int body = BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]);
        return header is > 0 and <= MaxHeader && body is >= 0 and <= MaxBody
            ? (header, body)
            : throw new GatewayException($"a message with a header of {header} and a body of {body} bytes; the most are {MaxHeader} and {MaxBody}");
    }

    /// <summary>Whether a message may pass; false = it is left out without a word, as a client that answers late sends such.</summary>
    /// <exception cref="GatewayException">It is one that no honest client sends.</exception>
    public bool Passes(byte[] header)
    {
        GatewayFrame frame = GatewayFrame.Read(header) ?? throw new GatewayException("a message whose header cannot be read");
        string key = frame.Sender.Key.ToString()!;
        if (!AccessFilter.IsOutside(frame.Sender))
        {
            throw new GatewayException($"a message that says it is from {frame.Sender}, which is no client");
        }

        // An observer of a client has its client's key, a plus sign, and a part of its own.
        string client = key.Split('+')[0];
        if ((_client ??= client) != client)
        {
            throw new GatewayException($"a message from client {client} on the connection of {_client}");
        }

        if (frame.Direction == GatewayFrame.Response)
        {
            return false; // Silos call no clients, so they wait for no answers.
        }

        if (frame.Direction is not (GatewayFrame.Request or GatewayFrame.OneWay) || frame.HasCacheInvalidation || frame.HasResponseType)
        {
            throw new GatewayException("a message that only silos send");
        }

        bool system = frame.Target.Type.ToString()!.StartsWith(GrainTypePrefix.SystemPrefix, StringComparison.Ordinal);
        if (system ? frame.Target.Type != Manifest : frame.IsSystemMessage)
        {
            throw new GatewayException($"a message to {frame.Target}, which serves silos only");
        }

        calls.CheckHeader(frame, header.AsMemory(frame.Length));
        return true;
    }

    /// <summary>Checks the body of a message that passes.</summary>
    /// <exception cref="GatewayException">It is one that no honest client sends.</exception>
    public void CheckBody(ReadOnlySequence<byte> body) => calls.CheckBody(body);
}
