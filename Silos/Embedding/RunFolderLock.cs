using OrleansDDM.Learning.Serialization;
using OrleansDDM.Silos.Cluster;

namespace OrleansDDM.Silos.Embedding;

/// <summary>Keeps two processes from running the same folder. The system frees it when the process ends, however it ends.</summary>
public sealed class RunFolderLock : IDisposable
{
    /// <summary>Name of the lock's file in the folder.</summary>
    public const string FileName = "run.lock";

    private readonly FileStream _file;

    private RunFolderLock(FileStream file) => _file = file;

    /// <summary>Takes the lock.</summary>
    /// <exception cref="RunFolderInUseException">Another silo has it.</exception>
    /// <exception cref="ConfigurationException">The folder cannot be written.</exception>
    public static RunFolderLock Take(string folder)
    {
        string path = Path.Combine(folder, FileName);
        try
        {
            return new RunFolderLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException e) when (FileInUse.IsCauseOf(e))
        {
            throw new RunFolderInUseException(folder, EndpointFile.Read(folder)?.ProcessId);
        }
        catch (IOException e)
        {
            throw new ConfigurationException($"The folder '{folder}' cannot be written: {e.Message}");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
