group "admins" {
  members = [user.marty user.emmett]
}
