using OrleansDDM.Contracts.Artifacts;

namespace OrleansDDM.Silos.Storage;

/// <summary>Finds the names of artifacts in stored states without knowing what they mean: whatever looks like a name is one.</summary>
internal static class ArtifactNamesIn
{
    /// <summary>Adds every run of exactly 64 lower-case hex digits.</summary>
    public static void Add(ReadOnlySpan<byte> text, HashSet<string> names)
    {
        int from = 0;
        for (int i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && text[i] is (>= (byte)'0' and <= (byte)'9') or (>= (byte)'a' and <= (byte)'f'))
            {
                continue;
            }

            if (i - from == ArtifactNames.Length)
            {
                names.Add(System.Text.Encoding.ASCII.GetString(text[from..i]));
            }

            from = i + 1;
        }
    }
}
