namespace OrleansDDM.Grains.State;

/// <summary>A grain's state as it lies in the database.</summary>
internal interface IStoredState<T>
{
    /// <summary>Version of its shape; 0 = from before there were versions. A silo reads older ones and refuses newer ones.</summary>
    int Version { get; set; }

    /// <summary>The activation that wrote it.</summary>
    string Writer { get; set; }

    /// <summary>A copy that later changes do not touch.</summary>
    T Copy();
}
