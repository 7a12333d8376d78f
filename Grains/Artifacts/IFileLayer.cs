namespace OrleansDDM.Grains.Artifacts;

/// <summary>The files under an artifact store: one seam through which a disk can fail in tests. Calls block. Thread-safe.</summary>
public interface IFileLayer
{
    /// <summary>Whether there is a file.</summary>
    bool Exists(string path);

    /// <summary>Opens a file for reading.</summary>
    /// <exception cref="IOException">It is not there, or cannot be read.</exception>
    Stream OpenRead(string path);

    /// <summary>Makes a new file in a folder that exists.</summary>
    /// <exception cref="IOException">It exists already, or cannot be made.</exception>
    Stream Create(string path);

    /// <summary>Flushes what was written to a stream of <see cref="Create"/> to the disk.</summary>
    /// <exception cref="IOException">The disk did not take it.</exception>
    void Flush(Stream stream);

    /// <summary>Gives a file another name on the same volume, over what has that name, and flushes both names to the disk.</summary>
    /// <exception cref="IOException">It cannot be moved.</exception>
    void Move(string from, string to);

    /// <summary>Deletes a file if it is there.</summary>
    /// <exception cref="IOException">It cannot be deleted.</exception>
    void Delete(string path);

    /// <summary>The files of a folder and of its folders; none where there is no such folder.</summary>
    IEnumerable<string> Files(string folder);

    /// <summary>Makes a folder if it is missing, and flushes its name to the disk.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    void CreateFolder(string path);
}
