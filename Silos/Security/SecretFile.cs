using System.Text;

namespace OrleansDDM.Silos.Security;

/// <summary>
/// Files with secrets: created for their owner only (mode 0600), never written over, and refused when others may read them. Windows has no
/// such modes; there the folder's rights count.
/// </summary>
public static class SecretFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private const UnixFileMode OthersWrite = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;
    private const int MaxBytes = 64 * 1024;

    /// <summary>Writes a new file that its owner alone can read.</summary>
    /// <exception cref="SecurityException">It exists, or cannot be written.</exception>
    public static void Create(string path, string text) => Create(path, text, OwnerOnly);

    /// <summary>Writes a new file that everybody can read and its owner alone can change.</summary>
    /// <exception cref="SecurityException">It exists, or cannot be written.</exception>
    public static void CreatePublic(string path, string text) => Create(path, text, OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead);

    /// <summary>Writes a new secret and what belongs to it and everybody can read: both or neither.</summary>
    /// <exception cref="SecurityException">One of them exists, or cannot be written.</exception>
    public static void CreatePair(string secretPath, string secret, string publicPath, string text)
    {
        Create(secretPath, secret);
        try
        {
            CreatePublic(publicPath, text);
        }
        catch
        {
            File.Delete(secretPath);
            throw;
        }
    }

    /// <summary>Reads a file that its owner alone can read.</summary>
    /// <param name="path">The file.</param>
    /// <param name="what">What it holds, for the message.</param>
    /// <exception cref="SecurityException">It cannot be read, is too long, or others can read it.</exception>
    public static string Read(string path, string what) => Read(path, what, Others, "others than its owner may read or change it");

    /// <summary>Reads a file that its owner alone can change.</summary>
    /// <param name="path">The file.</param>
    /// <param name="what">What it holds, for the message.</param>
    /// <exception cref="SecurityException">It cannot be read, is too long, or others can change it.</exception>
    public static string ReadPublic(string path, string what) => Read(path, what, OthersWrite, "others than its owner may change it");

    private static void Create(string path, string text, UnixFileMode mode)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = mode;
        }

        try
        {
            using var file = new FileStream(path, options);
            try
            {
                file.Write(Encoding.UTF8.GetBytes(text));
                file.Flush(flushToDisk: true);
            }
            catch
            {
                File.Delete(path); // Half a secret would be in the way of the next try.
                throw;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SecurityException(
                File.Exists(path) ? $"'{path}' exists; a secret is never written over. Choose another name, or delete it first." : $"'{path}' cannot be written: {e.Message}", e);
        }
    }

    private static string Read(string path, string what, UnixFileMode forbidden, string fault)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(file.SafeFileHandle) & forbidden) != 0)
            {
                throw new SecurityException($"The {what} '{path}' is not used: {fault}. Give it back to its owner: chmod {(forbidden == Others ? "600" : "644")} '{path}'.");
            }

            if (file.Length > MaxBytes)
            {
                throw new SecurityException($"The {what} '{path}' has {file.Length} bytes; the most is {MaxBytes}.");
            }

            using var reader = new StreamReader(file, Encoding.UTF8);
            return reader.ReadToEnd();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SecurityException($"The {what} '{path}' cannot be read: {e.Message}", e);
        }
    }
}
