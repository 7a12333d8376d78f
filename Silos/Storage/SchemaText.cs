namespace OrleansDDM.Silos.Storage;

/// <summary>The SQL files of this assembly: tables, and the query texts that the Orleans providers run, one file a key.</summary>
internal static class SchemaText
{
    /// <summary>Reads a file by its name without extension, e.g. <c>WriteToStorageKey</c>.</summary>
    public static string Read(string name)
    {
        using Stream stream = typeof(SchemaText).Assembly.GetManifestResourceStream(name + ".sql")
            ?? throw new ArgumentException($"There is no SQL file called '{name}'.", nameof(name));
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
