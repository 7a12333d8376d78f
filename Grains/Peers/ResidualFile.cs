using System.Globalization;

using OrleansDDM.Learning.Serialization;

namespace OrleansDDM.Grains.Peers;

/// <summary>What compression has left out of a peer's updates, as the bytes of an artifact.</summary>
internal static class ResidualFile
{
    private const string Entry = "residual";

    /// <summary>The bytes. They name the peer, so that no two peers share an artifact that one of them deletes.</summary>
    public static byte[] Write(float[] residual, string run, string role, int peer) => SafetensorsWriter.Write(
        [SafetensorsEntry.Of(Entry, [residual.Length], residual)],
        new Dictionary<string, string>
        {
            ["format"] = "orleans-ddm-residual-1",
            ["run"] = run,
            ["role"] = role,
            ["peer"] = peer.ToString(CultureInfo.InvariantCulture),
        });

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="InvalidDataException">The bytes are something else.</exception>
    public static float[] Read(byte[] bytes)
    {
        try
        {
            float[] values = SafetensorsReader.Read(bytes)[Entry].ToFloats();
            return Array.TrueForAll(values, float.IsFinite) ? values : throw new InvalidDataException("A value that was left out is not finite.");
        }
        catch (Exception e) when (e is SafetensorsException or KeyNotFoundException)
        {
            throw new InvalidDataException($"Not what an update left out: {e.Message}", e);
        }
    }
}
