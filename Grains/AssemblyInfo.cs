using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("OrleansDDM.Silos")]
[assembly: InternalsVisibleTo("OrleansDDM.Tests")]
