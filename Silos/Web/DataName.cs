namespace OrleansDDM.Silos.Web;

/// <summary>A data set as people are shown it.</summary>
public static class DataName
{
    /// <summary>Its name; of a path only the last part, as the rest is about one machine.</summary>
    public static string Shown(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Path.IsPathRooted(name) ? Path.GetFileName(Path.TrimEndingDirectorySeparator(name)) : name;
    }
}
