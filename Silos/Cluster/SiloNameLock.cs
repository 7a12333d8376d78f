using System.Globalization;

using OrleansDDM.Learning.Serialization;

namespace OrleansDDM.Silos.Cluster;

/// <summary>A silo's name in the folder that silos share. No two processes have the same; the system frees it when its process ends.</summary>
internal sealed class SiloNameLock : IDisposable
{
    private const int MostSilos = 1000;

    private readonly FileStream _file;

    private SiloNameLock(FileStream file, string name) => (_file, Name) = (file, name);

    /// <summary>The name.</summary>
    public string Name { get; }

    /// <summary>Takes a name.</summary>
    /// <param name="folder">The silos' folder; created if missing.</param>
    /// <param name="name">The name; null = the host's name with the first number that is free.</param>
    /// <exception cref="ConfigurationException">Another process has the name, or the folder cannot be written.</exception>
    public static SiloNameLock Take(string folder, string? name)
    {
        string locks = Path.Combine(folder, "silos");
        try
        {
            Directory.CreateDirectory(locks);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(folder, e);
        }

        IEnumerable<string> names = name is not null
            ? [name]
            : Enumerable.Range(1, MostSilos).Select(i => Environment.MachineName + "-" + i.ToString(CultureInfo.InvariantCulture));
        foreach (string candidate in names)
        {
            string path = Path.Combine(locks, candidate + ".lock");
            try
            {
                return new SiloNameLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None), candidate);
            }
            catch (IOException e) when (FileInUse.IsCauseOf(e))
            {
                // Taken.
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw Unwritable(folder, e);
            }
        }

        throw new ConfigurationException($"Another process runs silo '{name}' in '{folder}'. Choose another Silo:Name.");
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static ConfigurationException Unwritable(string folder, Exception e) =>
        new($"The folder '{folder}' cannot be written: {e.Message} Give Silo:Folder one that can.");
}
