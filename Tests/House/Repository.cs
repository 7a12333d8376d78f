using System.Diagnostics;

namespace OrleansDDM.Tests.House;

/// <summary>The source tree that these tests were built from.</summary>
internal static class Repository
{
    private static readonly string[] Ignored = [".git", ".vs", ".idea", "bin", "obj", "runs", "TestResults", "artifacts"];

    /// <summary>The folder of OrleansDDM.sln, upwards from the test assembly.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Tracked files that exist, as paths from the root with '/'; without git, all files outside ignored folders.</summary>
    public static IReadOnlyList<string> Files { get; } = Tracked() ?? [.. Walk(Root).Order(StringComparer.Ordinal)];

    public static string FullPath(string file) => Path.Combine(Root, file);

    /// <summary>Runs a program in the root and returns its exit code and standard output; -1 when there is no such program.</summary>
    public static (int Code, string Output) Run(string program, params string[] arguments)
    {
        try
        {
            var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = Root, RedirectStandardOutput = true, RedirectStandardError = true };
            using Process process = Process.Start(start)!;
            process.ErrorDataReceived += (_, _) => { };
            process.BeginErrorReadLine();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return (-1, string.Empty);
        }
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "OrleansDDM.sln")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException($"There is no OrleansDDM.sln above {AppContext.BaseDirectory}.");
    }

    private static string[]? Tracked()
    {
        (int code, string output) = Run("git", "ls-files", "-z");
        string[] files = [.. output.Split('\0', StringSplitOptions.RemoveEmptyEntries).Where(f => File.Exists(FullPath(f)))];
        return code == 0 && files.Length > 0 ? files : null;
    }

    private static IEnumerable<string> Walk(string folder)
    {
        foreach (string file in Directory.EnumerateFiles(folder))
        {
            yield return Path.GetRelativePath(Root, file).Replace('\\', '/');
        }

        foreach (string inner in Directory.EnumerateDirectories(folder).Where(d => !Ignored.Contains(Path.GetFileName(d))))
        {
            foreach (string file in Walk(inner))
            {
                yield return file;
            }
        }
    }
}
